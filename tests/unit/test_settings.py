"""Settings fail early, and say what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import set_all_config

from components.settings import Sample, SettingError, Settings
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
        set_all_config({f"p:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()})
        return Settings.load(pulumi.Config("p"))

    return load


def test_the_documented_defaults_are_valid(load: Load) -> None:
    settings = load()
    assert settings.name == "object-counting"
    assert settings.labels == ("1", "2", "3", "4", "5")
    assert settings.samples[0] == Sample("1 object", "https://aft-vbi-pds.s3.amazonaws.com/bin-images/10460.jpg")
    assert settings.translations["de"]["2 objects"] == "2 Objekte"
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
        ("labels", [f"a label that is rather long, number {n}" for n in range(100)]),
        ("answerTemplate", "no placeholder"),
        ("answerTemplate", "{label} and {other}"),
        ("answerTemplate", "{label} and {"),
        ("answerTemplate", "{label!r}"),
        ("samples", ["samples/1.jpg"]),
        ("samples", [["text", "url", "more"]]),
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
