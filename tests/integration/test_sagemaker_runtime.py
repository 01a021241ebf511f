"""InvokeEndpoint over HTTP: what reaches the container, what comes back, and how failures look."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker_stand_in import StandIn, running_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as stand_in:
        stand_in.create_endpoint("echo", {"COLOUR": "green", "SAGEMAKER_BIND_TO_PORT": "1"})
        yield stand_in


def error(stand_in: StandIn, name: str = "echo", body: bytes = b"x", **parameters: Any) -> dict[str, object]:
    """The parsed error of an invocation that must fail."""
    with pytest.raises(ClientError) as failed:
        stand_in.invoke(name, body, **parameters)
    response = failed.value.response
    # HTTP tells what kind of error it is, the code which one.
    return {**response, **response["Error"], "Status": response["ResponseMetadata"]["HTTPStatusCode"]}


def test_the_container_gets_the_body_and_the_headers_of_the_api(stand_in: StandIn) -> None:
    seen = stand_in.invoke(
        "echo", b"\x00\xffimage", ContentType="image/png", Accept="application/json", CustomAttributes="trace=1"
    )
    assert seen["body"] == "\x00\xffimage"
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["content-type"] == "image/png"
    assert headers["accept"] == "application/json"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=1"
    assert "authorization" not in headers


def test_the_container_gets_the_contracts_environment(stand_in: StandIn) -> None:
    seen = stand_in.invoke("echo")
    environment = seen["environment"]
    assert environment["COLOUR"] == "green"
    assert environment["SAGEMAKER_BIND_TO_PORT"] != "1"
    assert environment["SAGEMAKER_NETWORK_ISOLATION"] == "false"
    assert environment["MODEL_SERVER_HOST"] == "127.0.0.1"
    assert Path(environment["SM_MODEL_DIR"]).is_dir()
    assert seen["files"] == {"name.txt": "echo"}


def test_the_answer_has_the_apis_headers(stand_in: StandIn) -> None:
    answer = stand_in.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="echo", Body=b"x", CustomAttributes="trace=1", TargetVariant="AllTraffic"
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "trace=1"
    assert answer["ResponseMetadata"]["RequestId"]


def test_network_isolation_is_passed_on(stand_in: StandIn) -> None:
    uri = stand_in.upload("isolated.tar.gz", {"a": "b"})
    container = {"Image": "i", "ModelDataUrl": uri, "Environment": {"SAGEMAKER_NETWORK_ISOLATION": "false"}}
    sagemaker = stand_in.sagemaker
    sagemaker.create_model(ModelName="isolated", PrimaryContainer=container, EnableNetworkIsolation=True)
    variant = {"VariantName": "V", "ModelName": "isolated", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="isolated", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="isolated", EndpointConfigName="isolated")
    stand_in.settled("isolated")
    assert stand_in.invoke("isolated")["environment"]["SAGEMAKER_NETWORK_ISOLATION"] == "true"


def test_large_bodies_pass_and_larger_ones_are_refused(stand_in: StandIn) -> None:
    limit = 6 * 1024**2
    assert stand_in.invoke("echo", bytes(limit))["size"] == limit
    refused = error(stand_in, body=bytes(limit + 1))
    assert (refused["Code"], refused["Status"]) == ("ValidationError", 400)
    assert "oversize body" in str(refused["Message"])


def test_the_id_that_a_client_reads_is_in_the_log(stand_in: StandIn) -> None:
    stand_in.logged()
    answer = stand_in.client("sagemaker-runtime").invoke_endpoint(EndpointName="echo", Body=b"x")
    refused: Any = error(stand_in, body=bytes(6 * 1024**2 + 1))
    ids = [read["ResponseMetadata"]["RequestId"] for read in (answer, refused)]
    assert f"Request {ids[1]} has oversize body" in refused["Message"]
    assert [line["awsRequestId"] for line in stand_in.logged()] == ids


def test_the_id_of_a_request_that_is_not_http_is_in_the_log(stand_in: StandIn) -> None:
    stand_in.logged()
    connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=30)
    connection.request("POST", "/", headers={"Content-Length": "-1"})
    answer = connection.getresponse()
    assert answer.status == 400
    assert [line["awsRequestId"] for line in stand_in.logged()] == [answer.headers["x-amzn-RequestId"]]


def test_a_missing_endpoint_is_a_validation_error(stand_in: StandIn) -> None:
    refused = error(stand_in, "nowhere")
    assert (refused["Code"], refused["Status"]) == ("ValidationError", 400)
    assert refused["Message"] == "Endpoint nowhere of account 000000000000 not found."


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")])
def test_an_error_of_the_container_is_a_model_error(stand_in: StandIn, status: int, kind: str) -> None:
    failed = error(stand_in, body=b"the reason", CustomAttributes=f"status {status}")
    assert (failed["Code"], failed["Status"]) == ("ModelError", 424)
    assert failed["OriginalStatusCode"] == status
    assert "the reason" in str(failed["OriginalMessage"])
    assert str(failed["Message"]).startswith(f'Received {kind} error ({status}) from primary with message "')
    assert str(failed["LogStreamArn"]).endswith(":log-group:/aws/sagemaker/Endpoints/echo")


@pytest.mark.parametrize("failure", ["truncate", "flood"])
def test_an_incomplete_answer_is_a_model_error(stand_in: StandIn, failure: str) -> None:
    failed = error(stand_in, CustomAttributes=failure)
    assert (failed["Code"], failed["Status"], failed["OriginalStatusCode"]) == ("ModelError", 424, 500)


@pytest.mark.parametrize(
    "parameters",
    [
        {"TargetModel": "other.tar.gz"},
        {"TargetVariant": "Other"},
        {"TargetContainerHostname": "second"},
        {"InferenceComponentName": "component"},
        {"EnableExplanations": "`true`"},
    ],
)
def test_what_one_container_cannot_do_is_refused(stand_in: StandIn, parameters: dict[str, Any]) -> None:
    assert error(stand_in, **parameters)["Code"] == "ValidationError"


def test_many_requests_run_at_the_same_time(stand_in: StandIn) -> None:
    """Each waits for longer than all of them would be allowed to, one after another."""
    runtime = stand_in.client("sagemaker-runtime")

    def slow(_: int) -> int:
        answer = runtime.invoke_endpoint(EndpointName="echo", Body=b"x", CustomAttributes="sleep 2")
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(slow, range(40))) == [200] * 40


def test_unsigned_and_misrouted_requests_get_the_runtimes_error_shape(stand_in: StandIn) -> None:
    connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=30)
    for method, path, status, code in [
        ("POST", "/endpoints/echo/invocations", 403, "MissingAuthenticationTokenException"),
        ("GET", "/endpoints/echo/invocations", 405, "UnknownOperationException"),
        ("POST", "/endpoints/echo/async-invocations", 404, "UnknownOperationException"),
        ("POST", "/endpoints/%2e%2e%2f/invocations", 404, "UnknownOperationException"),
    ]:
        connection.request(method, path, b"" if method == "POST" else None)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (status, code)
        assert body


def test_a_serverless_variant_runs_as_a_container_too(stand_in: StandIn) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    described = stand_in.create_endpoint("serverless", ServerlessConfig=serverless)
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"] == serverless
    assert stand_in.invoke("serverless")["size"] == 1
    refused = error(stand_in, "serverless", bytes(4 * 1024**2 + 1))
    assert refused["Code"] == "ValidationError"
