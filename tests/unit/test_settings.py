"""Settings fail early, and say what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import set_all_config

from components.page_settings import Sample
from components.setting_reader import SettingError
from components.settings import Settings
from harness.project import PROJECT

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    artifact = tmp_path / "model.tar.gz"
    artifact.touch()
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]

    def load(**overrides: Any) -> Settings:
        values = {key: setting["default"] for key, setting in declared.items()} | {"modelArtifact": str(artifact)}
        values |= overrides
        texts = {f"p:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
        set_all_config({"aws:region": "us-east-1", **texts})
        return Settings.load(pulumi.Config("p"))

    return load


def test_the_documented_defaults_are_valid(load: Load) -> None:
    settings = load()
    assert settings.name == "object-counting"
    assert settings.labels == ("1", "2", "3", "4", "5")
    assert settings.page.samples[0] == Sample("1 object", "https://aft-vbi-pds.s3.amazonaws.com/bin-images/10460.jpg")
    assert settings.page.translations["de"]["2 objects"] == "2 Objekte"
    assert settings.trust_page_origin is False


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Object_Counting"),
        ("name", "x" * 41),
        ("title", ""),
        ("modelArtifact", "no/such/model.tar.gz"),
        ("labels", ["only one"]),
        ("labels", ["twice", "twice"]),
        ("labels", "1,2,3"),
        ("labels", [1, 2]),
        ("answerTemplate", "no placeholder"),
        ("answerTemplate", "{label} and {other}"),
        ("answerTemplate", "{label} and {"),
        ("answerTemplate", "{label!r}"),
        ("answerTemplate", "{label}" + 1000 * "!"),
        ("samples", ["samples/1.jpg"]),
        ("samples", [["text", "url", "more"]]),
        ("endpointMode", "always"),
        ("serverlessMemoryMb", 1000),
        ("serverlessMemoryMb", 7168),
        ("serverlessMaxConcurrency", 201),
        ("translations", {"de": {"1 object": "1 Objekt"}}),
        ("translations", [["de", "1 object"]]),
        ("translations", [["German", "1 object", "1 Objekt"]]),
        ("translations", [["de", "There is {label}", "Da ist etwas"]]),
        ("imageSize", 31),
        ("imageSize", 4097),
        ("apiOrigins", "*"),
        ("apiOrigins", "https://api.test/path"),
        ("apiOrigins", "https://a.test; script-src *"),
        ("instanceType", "m5.large"),
        ("minInstances", 0),
        ("maxInstances", 101),
        ("autoscalingMetric", "cpu"),
        ("autoscalingTarget", 0),
        ("scaleInCooldownSeconds", -1),
        ("volumeKeyArn", "alias/key"),
        ("volumeKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/key"),
        ("dataCapturePercentage", 101),
        ("inferenceImageUri", "docker.io/library/python:3"),
        ("allowedImageHosts", "images.example.com"),
        ("allowedImageHosts", ["https://images.example.com"]),
        ("allowedImageHosts", ["images.example.com/path"]),
        ("allowedImageHosts", ["images.example.com:65536"]),
        ("allowedImageHosts", ["*.example.com"]),
        ("allowedImageHosts", ["127.0.0.1"]),
        ("allowedImageHosts", [f"images-{number}.example.com" for number in range(60)]),
        ("functionMemoryMb", 64),
        ("functionTimeoutSeconds", 30),
        ("functionReservedConcurrency", 901),
        ("throttleRate", 0),
        ("throttleBurst", 5001),
        ("apiDomain", "https://api.example.com"),
        ("apiCertificateArn", "a certificate"),
        ("apiCertificateArn", "arn:aws:acm:us-east-1:123456789012:other"),
        ("jwtIssuer", "http://issuer.example.com"),
        ("jwtAudience", "counting"),
        ("pageDomain", "example"),
        ("pageCertificateArn", "arn:aws:acm:eu-central-1:123456789012:certificate/b"),
        ("alarmEmail", "nobody"),
        ("alarmLatencySeconds", 31),
        ("alarmErrorPercentage", 101),
        ("logRetentionDays", 31),
        ("tags", ["owner"]),
        ("tags", [["Project", "x"]]),
        ("tags", [["owner", "x"], ["Owner", "y"]]),
        ("tags", [["aws:owner", "x"]]),
        ("tags", [["k" * 129, "x"]]),
        ("tags", [["owner", "x" * 257]]),
        ("tags", [["owner", "x|y"]]),
        ("tags", [[f"key{number}", "x"] for number in range(9)]),
        ("inferenceImageTag", "a tag"),
        ("maxImageBytes", 0),
        ("maxImageBytes", 4_500_001),
        ("pageUrl", "ftp://{domain}"),
        ("pageUrl", "https://{domain}/page"),
        ("pageUrl", "https://fixed.example"),
        ("pageUrl", "https://{domain}.{other}"),
        ("pageUrl", "http://["),
        ("sagemakerRuntimeUrl", "localhost:4567"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_value(load: Load, key: str, value: Any) -> None:
    with pytest.raises(SettingError, match=rf"p:{key} (is|has) ") as error:
        load(**{key: value})
    assert "must " in str(error.value)


@pytest.mark.parametrize(("key", "value"), [("trustPageOrigin", "maybe"), ("maxImageBytes", "much")])
def test_a_setting_of_the_wrong_type_ends_the_program_without_a_stack_trace(load: Load, key: str, value: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"p:{key}"):
        load(**{key: value})


DOMAIN = {
    "apiDomain": "api.example.com",
    "apiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a",
}


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("maxInstances", {"minInstances": 3, "maxInstances": 2}),
        ("networkIsolation", {"endpointMode": "serverless", "networkIsolation": "true"}),
        ("dataCapturePercentage", {"endpointMode": "serverless", "dataCapturePercentage": 5}),
        ("volumeKeyArn", {"endpointMode": "serverless", "volumeKeyArn": "arn:aws:kms:us-east-1:123456789012:key/c"}),
        ("maxImageBytes", {"endpointMode": "serverless", "maxImageBytes": 4_400_000}),
        ("autoscalingTarget", {"maxInstances": 2, "autoscalingMetric": "concurrency", "autoscalingTarget": 600}),
        ("apiCertificateArn", {**DOMAIN, "apiCertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/a"}),
        ("volumeKeyArn", {"volumeKeyArn": "arn:aws:kms:ap-south-1:123456789012:key/c"}),
        ("inferenceImageUri", {"inferenceImageUri": "123456789012.dkr.ecr.ap-south-1.amazonaws.com/counting:1"}),
        ("pageDomain", {**DOMAIN, "pageDomain": "api.example.com", "pageCertificateArn": DOMAIN["apiCertificateArn"]}),
        ("apiDomain", {"apiDomain": "api.example.com"}),
        ("apiCertificateArn", {"apiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}),
        ("pageDomain", {"pageDomain": "www.example.com"}),
        ("samples", {"allowedImageHosts": ["images.example.com"]}),
        (
            "samples",
            {"allowedImageHosts": ["images.example.com"], "samples": [["1 object", "1.jpg"]], "translations": []},
        ),
        ("jwtIssuer", {"jwtIssuer": "https://issuer.example.com"}),
        ("jwtAudience", {"jwtAudience": ["counting"]}),
    ],
)
def test_settings_that_do_not_go_together_are_named(load: Load, key: str, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=rf"p:{key} is "):
        load(**settings)


def test_every_setting_is_documented_once_and_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema of Pulumi.yaml and what the program reads are the same, so nothing is documented in vain."""
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]
    read: set[str] = set()
    for name in ("require", "require_int", "require_float", "require_bool", "require_object"):
        original = getattr(pulumi.Config, name)

        def reading(self: pulumi.Config, key: str, original: Callable[..., Any] = original) -> Any:
            read.add(key)
            return original(self, key)

        monkeypatch.setattr(pulumi.Config, name, reading)
    load()
    assert read == {*declared, "region"}  # of the provider
    for setting in declared.values():
        assert setting.keys() >= {"type", "description", "default"}
        # The Pulumi CLI knows no others: sdk/go/common/workspace/project.json in pulumi/pulumi.
        assert setting["type"] in ("string", "integer", "boolean", "array")


def test_a_real_time_endpoint_scales_if_it_may_have_more_instances(load: Load) -> None:
    assert load().endpoint.autoscaling is None
    autoscaling = load(maxInstances=4).endpoint.autoscaling
    assert autoscaling is not None
    assert autoscaling.max_instances == 4


def test_an_own_image_names_its_repository(load: Load) -> None:
    image = load(inferenceImageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/team/counting:1").endpoint.image
    assert image is not None
    assert image["repository_arn"] == "arn:aws:ecr:us-east-1:123456789012:repository/team/counting"
