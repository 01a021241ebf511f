"""The whole chain as its callers see it: HTTP API, function, endpoint, page, and the contracts between them."""

import base64
import json
import re
from typing import Any

import pytest
import urllib3

from harness import loopback
from harness.project import PROJECT
from tests.stack import Stack

COUNTS = range(1, 6)


def post(stack: Stack, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
    return loopback.request(
        "POST",
        stack.outputs["predictUrl"],
        body,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


def sample_url(stack: Stack, count: int) -> str:
    return f"{stack.outputs['pageUrl']}/samples/{count}.jpg"


def sample_bytes(count: int) -> bytes:
    return (PROJECT / f"site/samples/{count}.jpg").read_bytes()


@pytest.mark.parametrize("count", COUNTS)
def test_url_of_an_image_becomes_a_sentence(stack: Stack, count: int) -> None:
    body = json.dumps({"url": sample_url(stack, count)}).encode()
    response = post(stack, body, Content_Type="application/json")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.data.decode() == f"Most likely answer: there is {count} object(s) in the bin"


@pytest.mark.parametrize("count", COUNTS)
def test_uploaded_image_becomes_json(stack: Stack, count: int) -> None:
    response = post(stack, sample_bytes(count), Content_Type="image/jpeg", Accept="application/json")
    answer = response.json()
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert answer.keys() == {"count", "label", "probabilities", "model", "requestId", "latencyMs"}
    assert (answer["count"], answer["label"]) == (count, str(count))
    assert list(answer["probabilities"]) == ["1", "2", "3", "4", "5"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert re.fullmatch(r"object-counting-[0-9a-f]{12}", answer["model"])


def test_function_takes_the_bare_event_of_its_direct_callers(stack: Stack) -> None:
    event = {"body": f'{{\n  "url": "{sample_url(stack, 1)}"\n}}'}
    answer = stack.aws["lambda"].invoke(FunctionName=stack.outputs["functionName"], Payload=json.dumps(event).encode())
    assert json.loads(answer["Payload"].read()) == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"},
        "body": "Most likely answer: there is 1 object(s) in the bin",
    }


def logits(stack: Stack, body: bytes, content_type: str) -> list[list[float]]:
    answer = stack.aws["sagemaker-runtime"].invoke_endpoint(
        EndpointName="object-counting-endpoint", ContentType=content_type, Accept="application/json", Body=body
    )
    assert answer["ContentType"] == "application/json"
    found: list[list[float]] = json.loads(answer["Body"].read())
    return found


@pytest.mark.parametrize("count", COUNTS)
def test_endpoint_answers_sdk_clients_with_one_list_of_five_logits(stack: Stack, count: int) -> None:
    (from_bytes,) = logits(stack, sample_bytes(count), "image/jpeg")
    assert len(from_bytes) == 5
    assert max(range(5), key=from_bytes.__getitem__) == count - 1


@pytest.mark.parametrize("count", COUNTS)
def test_endpoint_fetches_images_for_sdk_clients(stack: Stack, count: int) -> None:
    if not stack.model_reaches_page:
        pytest.skip("the page's name means the loopback interface, which is another one in the model's container")
    (from_url,) = logits(stack, json.dumps({"url": sample_url(stack, count)}).encode(), "application/json")
    assert from_url == pytest.approx(logits(stack, sample_bytes(count), "image/jpeg")[0], abs=1e-4)


def test_api_has_the_name_stage_and_route_of_the_contract(stack: Stack) -> None:
    api_gateway, api = stack.aws["apigatewayv2"], stack.outputs["apiId"]
    assert api_gateway.get_api(ApiId=api)["Name"] == "object-counting-api"
    (stage,) = api_gateway.get_stages(ApiId=api)["Items"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    (route,) = api_gateway.get_routes(ApiId=api)["Items"]
    assert route["RouteKey"] == "POST /predict"
    (integration,) = api_gateway.get_integrations(ApiId=api)["Items"]
    assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")


def test_only_the_route_exists(stack: Stack) -> None:
    other_path = stack.outputs["predictUrl"].replace("/predict", "/other")
    assert loopback.request("POST", other_path, b"{}").status == 404
    assert loopback.request("GET", stack.outputs["predictUrl"]).status == 404


def preflight(stack: Stack, origin: str) -> urllib3.BaseHTTPResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return loopback.request("OPTIONS", stack.outputs["predictUrl"], headers=headers)


def test_preflight_lets_the_page_in(stack: Stack) -> None:
    response = preflight(stack, stack.outputs["pageUrl"])
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == stack.outputs["pageUrl"]


def test_preflight_keeps_other_pages_out(stack: Stack) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(stack, "https://elsewhere.example").headers


def test_page_is_served_from_a_bucket_that_demands_tls(stack: Stack) -> None:
    s3 = stack.aws["s3"]
    (bucket,) = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"].startswith("site-pages")]
    written = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = json.loads(written)
    document["Statement"].append(tls_only)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    try:
        assert loopback.request("GET", f"{stack.outputs['pageUrl']}/index.html").status == 200
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=written)


def test_page_is_served_with_its_configuration(stack: Stack) -> None:
    page = loopback.request("GET", f"{stack.outputs['pageUrl']}/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    config = loopback.request("GET", f"{stack.outputs['pageUrl']}/config.json")
    assert config.headers["Cache-Control"] == "no-store"
    assert config.json()["apiUrl"] == stack.outputs["predictUrl"]


def test_page_bucket_is_private(stack: Stack) -> None:
    (bucket,) = [b["Name"] for b in stack.aws["s3"].list_buckets()["Buckets"] if "pages" in b["Name"]]
    blocked = stack.aws["s3"].get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}


def test_function_writes_one_structured_line_per_call(stack: Stack) -> None:
    answer = post(stack, sample_bytes(2), Content_Type="image/jpeg", Accept="application/json").json()
    events = stack.aws["logs"].filter_log_events(
        logGroupName=f"/aws/lambda/{stack.outputs['functionName']}", filterPattern=f'"{answer["requestId"]}"'
    )["events"]
    lines: list[dict[str, Any]] = [json.loads(e["message"]) for e in events if e["message"].startswith("{")]
    assert [line["requestId"] for line in lines] == [answer["requestId"]]
    assert lines[0]["status"] == 200


def test_log_lines_hold_neither_image_nor_query(stack: Stack) -> None:
    secret = "token=very-secret"
    post(stack, json.dumps({"url": f"{sample_url(stack, 1)}?{secret}"}).encode(), Content_Type="application/json")
    post(stack, sample_bytes(1), Content_Type="image/jpeg")
    events = stack.aws["logs"].filter_log_events(logGroupName=f"/aws/lambda/{stack.outputs['functionName']}")
    logged = "".join(event["message"] for event in events["events"])
    assert secret not in logged
    assert base64.b64encode(sample_bytes(1)[:30]).decode() not in logged


def test_roles_hold_no_wildcard_but_where_actions_know_no_resource(stack: Stack) -> None:
    iam = stack.aws["iam"]
    wild: set[str] = set()
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            wild.update(*(s["Action"] for s in policy["Statement"] if "*" in s["Resource"] or "*" in s["Action"]))
    traces = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert wild == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"} | traces
