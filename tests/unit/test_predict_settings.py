"""The function's environment variables: what they may say, and that errors name the one that is wrong."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.loaders import Loader

from handlers.predict.endpoint import Endpoint
from handlers.predict.settings import SettingError, Settings

ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "ENDPOINT_NAME": "pets-endpoint",
    "MODEL_NAME": "pets",
    "ANSWER_TEMPLATE": "It is a {label}.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the handler's code, with the labels."""
    (tmp_path / "labels.json").write_text('["cat", "dog"]')
    return tmp_path


def test_what_is_required_and_what_is_not(folder: Path) -> None:
    settings = Settings.read(ENVIRONMENT, folder)
    assert settings.labels == ("cat", "dog")
    assert settings.max_image_bytes == 4_000_000
    assert settings.trusted_image_origins == ()
    assert settings.allowed_image_hosts == ()
    assert settings.runtime_url is None


def test_everything_set(folder: Path) -> None:
    settings = Settings.read(
        {
            **ENVIRONMENT,
            "MAX_IMAGE_BYTES": "1000",
            "TRUSTED_IMAGE_ORIGINS": " http://localhost:4566  https://images.example ",
            "ALLOWED_IMAGE_HOSTS": "images.example Other.Example:8443",
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://127.0.0.1:4567/",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        },
        folder,
    )
    assert settings.max_image_bytes == 1000
    assert settings.trusted_image_origins == ("http://localhost:4566", "https://images.example")
    assert settings.allowed_image_hosts == ("images.example", "Other.Example:8443")
    assert settings.runtime_url == "http://127.0.0.1:4567"


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_required_variable_is_missing(folder: Path, name: str, value: str | None) -> None:
    environment = {key: text for key, text in ENVIRONMENT.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingError, match=f"^{name} is not set"):
        Settings.read(environment, folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANSWER_TEMPLATE", "It is something."),
        ("ANSWER_TEMPLATE", "It is a {animal}."),
        ("ANSWER_TEMPLATE", "It is a {}."),
        ("ANSWER_TEMPLATE", "It is a {label"),
        ("ANSWER_TEMPLATE", "It is a {label.name}"),
        ("MAX_IMAGE_BYTES", "0"),
        ("MAX_IMAGE_BYTES", "-1"),
        ("MAX_IMAGE_BYTES", "4 MB"),
        ("MAX_IMAGE_BYTES", ""),
        ("TRUSTED_IMAGE_ORIGINS", "localhost:4566"),
        ("TRUSTED_IMAGE_ORIGINS", "http://localhost:4566 *"),
        ("ALLOWED_IMAGE_HOSTS", "https://images.example"),
        ("ALLOWED_IMAGE_HOSTS", "images.example *"),
        ("ALLOWED_IMAGE_HOSTS", "images.example."),
        ("ALLOWED_IMAGE_HOSTS", "user@images.example"),
        ("ALLOWED_IMAGE_HOSTS", "images.example:080"),
        ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "localhost:4567"),
    ],
)
def test_a_variable_that_is_wrong_is_named(folder: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}"):
        Settings.read({**ENVIRONMENT, name: value}, folder)


@pytest.mark.parametrize(
    "labels", [None, "cat dog", "[]", "[1, 2]", '["cat", ""]', '{"cat": 1}', '["cat", "cat"]', b"\xff\xfe"]
)
def test_labels_that_are_wrong_are_named(tmp_path: Path, labels: str | bytes | None) -> None:
    if labels is not None:
        (tmp_path / "labels.json").write_bytes(labels if isinstance(labels, bytes) else labels.encode())
    with pytest.raises(SettingError, match=r"^labels\.json"):
        Settings.read(ENVIRONMENT, tmp_path)


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One for all regions, because it keeps the service model that it has read."""
    return boto3.Session()


REGIONS = [region for partition in Loader().load_data("partitions")["partitions"] for region in partition["regions"]]


@pytest.mark.parametrize("region", [region for region in REGIONS if not region.endswith("-global")])
def test_the_runtime_of_a_region_is_where_boto3_finds_it(
    region: str, session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", raising=False)
    expected = session.client("sagemaker-runtime", region_name=region).meta.endpoint_url
    assert Endpoint("pets-endpoint", region).url == f"{expected}/endpoints/pets-endpoint/invocations"
