"""What the harness makes of ``Pulumi.<stack>.yaml``."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.addresses import Addresses
from harness.configuration import ConfigurationError, read

DEFAULTS = {"title": "A title", "labels": ["a"]}


def configuration(folder: Path, text: str, addresses: Addresses | None = None) -> dict[str, str]:
    (folder / "Pulumi.x.yaml").write_text(text)
    return read("x", addresses or Addresses(), folder).settings


def write_project(folder: Path, defaults: dict[str, Any]) -> None:
    config = {key: {"default": value} for key, value in defaults.items()}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "p", "config": config}))  # JSON is YAML


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_project(tmp_path, DEFAULTS)
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}")
    return tmp_path


@pytest.mark.parametrize("text", ["", "config:", "config: {}", "# nothing"])
def test_defaults_hold_where_the_stack_says_nothing(folder: Path, text: str) -> None:
    assert configuration(folder, text) == {
        "p:title": "A title",
        "p:labels": '["a"]',
        "aws:region": "us-east-1",
    }


def test_a_setting_without_a_namespace_is_the_projects(folder: Path) -> None:
    assert configuration(folder, "config: {title: Cats}")["p:title"] == "Cats"


@pytest.mark.parametrize("key", ["p:lables", "lables", "aws:defaultTags", "other:key"])
def test_a_setting_that_nothing_reads_is_refused(folder: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        configuration(folder, f"config: {{'{key}': x}}")


def test_what_yaml_takes_for_a_date_stays_a_text(folder: Path) -> None:
    assert configuration(folder, "config: {title: 2026-01-31}")["p:title"] == "2026-01-31"


def test_an_encrypted_setting_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="title is encrypted"):
        configuration(folder, "config: {title: {secure: v1:abc}}")


def test_another_stack_than_the_local_one_finds_everything_on_this_machine(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text("config: {p:pageUrl: 'http://{label}.localhost:4566', p:title: Local}")
    write_project(folder, DEFAULTS | {"pageUrl": "https://{domain}"})
    configured = configuration(folder, "config: {title: Cats}", Addresses(5000, 5001))
    assert configured["p:pageUrl"] == "http://{label}.localhost:5000"
    assert configured["p:title"] == "Cats"


def test_another_region_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="eu-central-1"):
        configuration(folder, "config: {'aws:region': eu-central-1}")


@pytest.mark.parametrize("text", ["config: [", "- a list", "just text"])
def test_a_file_that_is_not_a_configuration_is_named(folder: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Pulumi\.x\.yaml"):
        configuration(folder, text)


@pytest.mark.parametrize("ports", [(4567, 4566), (4567, 4568), (5000, 4566), (45660, 45670)])
def test_urls_get_the_ports_that_the_emulators_have(folder: Path, ports: tuple[int, int]) -> None:
    text = """
    config:
      aws:endpoints: [{s3: "http://127.0.0.1:4566", sagemaker: "http://127.0.0.1:4567"}]
      title: "1:4566"
    """
    configured = configuration(folder, text, Addresses(*ports))
    assert f'"http://127.0.0.1:{ports[0]}", "sagemaker": "http://127.0.0.1:{ports[1]}"' in configured["aws:endpoints"]
    assert configured["p:title"] == "1:4566"


def test_urls_get_the_hosts_that_the_emulators_have_but_for_the_page(folder: Path) -> None:
    text = """
    config:
      aws:endpoints: [{s3: "http://127.0.0.1:4566", s3control: "http://localhost:4566"}]
      title: http://127.0.0.1:4567
      labels: "http://{label}.cloudfront.localhost:4566"
    """
    configured = configuration(folder, text, Addresses.of_urls("http://aws:5566", "http://sagemaker:4567/"))
    assert '"s3": "http://aws:5566", "s3control": "http://aws:5566"' in configured["aws:endpoints"]
    assert configured["p:title"] == "http://sagemaker:4567"
    assert configured["p:labels"] == "http://{label}.cloudfront.localhost:5566"
