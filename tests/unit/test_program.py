"""The program as a whole, for every stack configuration in the repository."""

import inspect
import json
from pathlib import Path

import pulumi
import pulumi_aws
import pytest
import yaml

from harness.project import PROJECT
from tests.unit.program import OPTIONS, STACKS, run_program
from tests.unit.recording import PreviewRecorder, Recorded, Recorder, Resources


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def recorder(stack: str) -> Recorder:
    """Filled by the run that `resources` is."""
    return Recorder()


@pytest.fixture(scope="module")
def resources(stack: str, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Resources:
    with pytest.MonkeyPatch.context() as patch:
        return run_program(stack, patch, tmp_path_factory.mktemp("model") / "model.tar.gz", recorder)


def test_every_resource_belongs_to_a_component(resources: Resources) -> None:
    assert {parent.split(":")[0] for parent in resources.parent_types()} == {"object-counting"}


def test_every_component_registers_its_outputs(resources: Resources) -> None:
    assert resources.registered_outputs() == resources.components()


def resource_class(recorded: Recorded) -> type[pulumi.Resource]:
    """`aws:s3/bucket:Bucket` is `pulumi_aws.s3.Bucket`."""
    module, name = recorded.type.split(":")[1].split("/")[0], recorded.type.split(":")[2]
    found: type[pulumi.Resource] = getattr(getattr(pulumi_aws, {"lambda": "lambda_"}.get(module, module)), name)
    return found


def can_have_tags(recorded: Recorded) -> bool:
    return "tags" in inspect.signature(resource_class(recorded)._internal_init).parameters  # type: ignore[attr-defined]


def test_everything_that_can_have_tags_has_them(resources: Resources, recorder: Recorder, stack: str) -> None:
    taggable = [recorded for recorded in recorder.resources if can_have_tags(recorded)]
    assert len(taggable) > 15
    for recorded in taggable:
        tags = recorded.inputs["tags"]
        assert (tags["project"], tags["stack"]) == ("object-counting", stack), recorded


def test_a_preview_knows_nothing_and_still_sees_every_resource(
    resources: Resources, recorder: Recorder, stack: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    preview = PreviewRecorder()
    run_program(stack, monkeypatch, tmp_path / "model.tar.gz", preview)

    def names(seen: Recorder) -> set[tuple[str, str]]:
        return {(recorded.type, recorded.name) for recorded in seen.resources}

    assert names(preview) == names(recorder)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", [Recorder, PreviewRecorder])
def test_every_option_works(option: str, kind: type[Recorder], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run_program("prod", monkeypatch, tmp_path / "model.tar.gz", kind(), **OPTIONS[option])


def test_function_and_model_are_told_the_same_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    resources = run_program("prod", monkeypatch, tmp_path / "model.tar.gz", **OPTIONS["few hosts"])
    function = resources.one(":Function")["environment"]["variables"]
    model = resources.one("sagemaker/model:Model")["primaryContainer"]["environment"]
    hosts = "aft-vbi-pds.s3.amazonaws.com images.example.com:8443"
    assert function["ALLOWED_IMAGE_HOSTS"] == model["ALLOWED_IMAGE_HOSTS"] == hosts


def test_with_domains_page_and_api_know_each_other_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    resources = run_program("prod", monkeypatch, tmp_path / "model.tar.gz", **OPTIONS["domains"])
    assert resources.one(":Api")["corsConfiguration"]["allowOrigins"] == ["https://www.example.com"]
    headers = resources.one(":ResponseHeadersPolicy")["securityHeadersConfig"]
    assert "connect-src 'self' https://api.example.com;" in headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    (config,) = [o for o in resources.of_type(":BucketObject") if o["key"] == "config.json"]
    assert json.loads(config["content"])["apiUrl"] == "https://api.example.com/predict"


def test_production_keeps_its_data_and_development_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prod = run_program("prod", monkeypatch, tmp_path / "model.tar.gz")
    assert prod.protected() == {"model-artifacts"}
    assert {group["skipDestroy"] for group in prod.of_type(":LogGroup")} == {True}
    dev = run_program("dev", monkeypatch, tmp_path / "model.tar.gz")
    assert dev.protected() == set()
    assert {bucket["forceDestroy"] for bucket in dev.of_type(":Bucket")} == {True}
    assert {group["skipDestroy"] for group in dev.of_type(":LogGroup")} == {False}


def test_development_costs_nothing_while_nobody_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dev = run_program("dev", monkeypatch, tmp_path / "model.tar.gz")
    (variant,) = dev.one(":EndpointConfiguration")["productionVariants"]
    assert "serverlessConfig" in variant
    assert "instanceType" not in variant


def test_localstacks_stack_is_the_local_one_under_other_names() -> None:
    local, localstack = ((PROJECT / f"Pulumi.{stack}.yaml").read_text() for stack in ("local", "localstack"))
    renamed = localstack.replace(".localhost.localstack.cloud:", ".localhost:")
    assert renamed != localstack
    assert yaml.safe_load(renamed) == yaml.safe_load(local)
