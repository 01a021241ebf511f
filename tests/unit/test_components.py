"""What each component makes, and which property matters why."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.http_api import HttpApi
from components.inference_endpoint import InferenceEndpoint
from components.model_artifact import ModelArtifact
from components.predict_function import HANDLERS, PredictFunction
from components.site_content import SiteContent
from components.static_site import StaticSite
from harness.resources import zip_archive
from tests.unit.recording import ACCOUNT, REGION, Resources, record

ENDPOINT_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/counting-endpoint"


def statements(resources: Resources) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(resources.one(":RolePolicy")["policy"])["Statement"]
    return found


# --- What holds for every component ---------------------------------------------------------------------------------


def test_every_resource_belongs_to_a_component(endpoint: Resources, function: Resources, api: Resources) -> None:
    for resources in (endpoint, function, api, site()):
        assert {parent.split(":")[0] for parent in resources.parent_types()} == {"object-counting"}


def test_every_component_registers_its_outputs(endpoint: Resources, function: Resources, api: Resources) -> None:
    for resources in (endpoint, function, api, site()):
        assert resources.registered_outputs() == resources.components()


# --- Model artifact ------------------------------------------------------------------------------------------------


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"weights")
    return file


def test_artifact_key_contains_the_hash_of_its_content(artifact: Path) -> None:
    resources = record(lambda: ModelArtifact("model", {"path": str(artifact)}))
    digest = hashlib.sha256(b"weights").hexdigest()[:12]
    assert resources.one(":BucketObject")["key"] == f"models/{digest}/model.tar.gz"


def test_artifact_bucket_blocks_every_kind_of_public_access(artifact: Path) -> None:
    block = record(lambda: ModelArtifact("model", {"path": str(artifact)})).one(":BucketPublicAccessBlock")
    assert {value for key, value in block.items() if key != "bucket"} == {True}
    assert len(block) == 5


# --- Inference endpoint --------------------------------------------------------------------------------------------


@pytest.fixture
def endpoint() -> Resources:
    return record(
        lambda: InferenceEndpoint(
            "inference",
            {
                "endpoint_name": "counting-endpoint",
                "model_url": "s3://bucket/key",
                "model_arn": "arn:aws:s3:::bucket/models/*",
                "image_tag": "2.6.0-cpu",
                "instance_type": "ml.m5.large",
                "environment": {"EXTRA": "1"},
            },
        )
    )


def test_endpoint_keeps_its_name_while_model_and_configuration_get_new_ones(endpoint: Resources) -> None:
    assert endpoint.one(":Endpoint")["name"] == "counting-endpoint"
    # Without a name Pulumi generates one per version, so a replacement stands beside what it replaces.
    assert "name" not in endpoint.one(":Model")
    assert "name" not in endpoint.one(":EndpointConfiguration")


def test_endpoint_serves_the_model_in_real_time_on_the_chosen_instance(endpoint: Resources) -> None:
    (variant,) = endpoint.one(":EndpointConfiguration")["productionVariants"]
    assert variant == {
        "variantName": "AllTraffic",
        "modelName": "inference-name",
        "instanceType": "ml.m5.large",
        "initialInstanceCount": 1,
    }


def test_endpoint_runs_the_code_that_is_inside_the_artifact(endpoint: Resources) -> None:
    container = endpoint.one(":Model")["primaryContainer"]
    assert container["modelDataUrl"] == "s3://bucket/key"
    assert container["image"] == "registry/pytorch-inference:2.6.0-cpu"
    assert container["environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "EXTRA": "1",
    }


def test_endpoint_may_read_the_models_it_is_given_only(endpoint: Resources) -> None:
    reading = [s for s in statements(endpoint) if any(action.startswith("s3:") for action in s["Action"])]
    assert reading == [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/models/*"]}]


def test_endpoint_has_a_wildcard_resource_only_where_the_action_knows_no_other(endpoint: Resources) -> None:
    wild = [s for s in statements(endpoint) if "*" in s["Resource"]]
    assert [s["Action"] for s in wild] == [["ecr:GetAuthorizationToken"], ["cloudwatch:PutMetricData"]]
    assert wild[1]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}}


# --- Predict function ----------------------------------------------------------------------------------------------


@pytest.fixture
def function() -> Resources:
    return record(
        lambda: PredictFunction(
            "predict",
            {
                "function_name": "counting-predict",
                "endpoint_arn": ENDPOINT_ARN,
                "environment": {"ENDPOINT_NAME": "counting-endpoint"},
            },
        )
    )


def test_function_may_invoke_its_endpoint_and_write_its_logs_and_nothing_else(function: Resources) -> None:
    assert statements(function) == [
        {"Effect": "Allow", "Action": ["sagemaker:InvokeEndpoint"], "Resource": [ENDPOINT_ARN]},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["arn:of:predict:*"],
        },
    ]


def test_function_ends_before_the_gateway_gives_up(function: Resources) -> None:
    assert function.one(":Function")["timeout"] < 30


def test_function_logs_into_a_group_that_forgets(function: Resources) -> None:
    assert function.one(":LogGroup")["name"] == "/aws/lambda/counting-predict"
    assert function.one(":LogGroup")["retentionInDays"] == 30
    assert function.one(":Function")["loggingConfig"]["logGroup"] == "/aws/lambda/counting-predict"


def test_function_package_holds_the_handler_and_nothing_else(function: Resources) -> None:
    code = function.one(":Function")["code"]
    assert set(code.assets) == {f"handlers/predict/{file.name}" for file in HANDLERS.glob("*.py")}
    assert "handlers/predict/app.py" in code.assets


def test_function_package_is_small(function: Resources) -> None:
    assert len(zip_archive(function.one(":Function")["code"])) < 50_000


# --- HTTP API ------------------------------------------------------------------------------------------------------


@pytest.fixture
def api() -> Resources:
    return record(
        lambda: HttpApi(
            "api",
            {
                "api_name": "counting-api",
                "route_key": "POST /predict",
                "function_name": "counting-predict",
                "invoke_arn": "arn:of:invocation",
                "allowed_origins": ["https://page.test"],
            },
        )
    )


def test_api_lets_only_the_page_call_it_from_a_browser(api: Resources) -> None:
    cors = api.one(":Api")["corsConfiguration"]
    assert cors["allowOrigins"] == ["https://page.test"]
    assert cors["allowMethods"] == ["POST"]


def test_api_deploys_its_default_stage_by_itself(api: Resources) -> None:
    assert api.one(":Stage")["name"] == "$default"
    assert api.one(":Stage")["autoDeploy"] is True


def test_api_proxies_its_route_to_the_function(api: Resources) -> None:
    assert api.one(":Route")["routeKey"] == "POST /predict"
    assert api.one(":Route")["target"] == "integrations/api-id"
    assert api.one(":Integration")["payloadFormatVersion"] == "2.0"


def test_function_can_be_invoked_from_this_route_only(api: Resources) -> None:
    permission = api.one(":Permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == "arn:of:execution/$default/POST/predict"


# --- Static site ---------------------------------------------------------------------------------------------------


def site(url_template: str = "https://{domain}") -> Resources:
    return record(lambda: StaticSite("site", {"url_template": url_template, "connect_sources": ["https://*.api.test"]}))


def test_site_allows_its_own_files_images_and_the_api_and_nothing_else() -> None:
    headers = site().one(":ResponseHeadersPolicy")["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert policy.split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data: blob: https:",
        "connect-src 'self' https://*.api.test",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    assert all(header["override"] is True for header in headers.values())


def test_site_sends_its_security_headers_with_every_file() -> None:
    behavior = site().one(":Distribution")["defaultCacheBehavior"]
    assert behavior["responseHeadersPolicyId"] == "site-id"


def test_site_over_http_shows_http_images_and_promises_no_https() -> None:
    def security(url_template: str) -> tuple[bool, bool]:
        headers = site(url_template).one(":ResponseHeadersPolicy")["securityHeadersConfig"]
        images = headers["contentSecurityPolicy"]["contentSecurityPolicy"].split("; ")[4]
        return images.endswith(" http:"), "strictTransportSecurity" in headers

    assert security("https://{domain}") == (False, True)
    assert security("http://{label}.cloudfront.localhost:4566") == (True, False)


def test_site_bucket_can_be_read_by_its_distribution_only() -> None:
    (statement,) = json.loads(site().one(":BucketPolicy")["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Action"] == "s3:GetObject"
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": "arn:of:site"}}


def test_site_is_https_only_unless_browsers_are_told_to_use_http() -> None:
    def policy(resources: Resources) -> str:
        found: str = resources.one(":Distribution")["defaultCacheBehavior"]["viewerProtocolPolicy"]
        return found

    assert policy(site()) == "redirect-to-https"
    assert policy(site("http://{label}.cloudfront.localhost:4566")) == "allow-all"


def test_site_signs_its_requests_to_the_bucket() -> None:
    control = site().one(":OriginAccessControl")
    assert (control["signingBehavior"], control["signingProtocol"]) == ("always", "sigv4")


@pytest.fixture
def content(tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "samples").mkdir()
    for name in ("index.html", "app.js", "samples/1.jpg", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    return record(
        lambda: SiteContent(
            "page", {"bucket_name": "bucket", "directory": str(tmp_path), "config": {"apiUrl": "https://api.test"}}
        )
    ).of_type(":BucketObject")


def test_page_files_keep_their_paths_and_say_what_they_are(content: list[dict[str, Any]]) -> None:
    types = {file["key"]: file["contentType"] for file in content}
    assert types == {
        "index.html": "text/html; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "samples/1.jpg": "image/jpeg",
        "config.json": "application/json",
    }


def test_page_files_for_browsers_are_stored_compressed_and_others_plain(content: list[dict[str, Any]]) -> None:
    encodings = {file["key"]: file.get("contentEncoding") for file in content}
    assert encodings == {"index.html": "gzip", "app.js": "gzip", "samples/1.jpg": None, "config.json": None}
    (script,) = [file for file in content if file["key"] == "app.js"]
    assert gzip.decompress(base64.b64decode(script["contentBase64"])) == b"x"


def test_page_configuration_is_never_cached(content: list[dict[str, Any]]) -> None:
    (config,) = [file for file in content if file["key"] == "config.json"]
    assert config["cacheControl"] == "no-store"
    assert json.loads(config["content"]) == {"apiUrl": "https://api.test"}


def test_page_file_of_unknown_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.unknownending").write_text("x")
    with pytest.raises(pulumi.RunError, match=r"data\.unknownending"):
        record(lambda: SiteContent("page", {"bucket_name": "bucket", "directory": str(tmp_path), "config": {}}))
