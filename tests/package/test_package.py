"""The components as a Pulumi package: what other languages see of them, and that it works over the wire."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
import yaml
from pulumi.provider.experimental.util import camel_case
from pulumi.runtime.rpc import UNKNOWN

import components
from harness.project import PROJECT
from tests.package.provider import PACKAGE, Package, running_package

# What the components are built from. Other languages cannot call the bucket's method that completes it, and the roles
# are of use only to the component that they belong to.
BUILDING_BLOCKS = {"EndpointRole", "PrivateBucket", "ServiceRole"}

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def package() -> Iterator[Package]:
    with running_package() as running:
        yield running


@pytest.fixture(scope="module")
def schema(package: Package) -> Schema:
    return package.schema()


def component_classes() -> dict[str, type[pulumi.ComponentResource]]:
    """Every component in the folder, by its name."""
    modules = [
        importlib.import_module(f"components.{found.name}") for found in pkgutil.iter_modules(components.__path__)
    ]
    classes = [value for module in modules for value in vars(module).values() if inspect.isclass(value)]
    return {found.__name__: found for found in classes if issubclass(found, pulumi.ComponentResource)}


PUBLIC = {name: found for name, found in component_classes().items() if name not in BUILDING_BLOCKS}


# --- Schema ----------------------------------------------------------------------------------------------------------


def test_package_has_every_component_but_the_building_blocks(schema: Schema) -> None:
    assert set(schema["resources"]) == {f"object-counting:index:{name}" for name in PUBLIC}


@pytest.mark.parametrize("name", PUBLIC)
def test_inputs_and_outputs_are_those_of_the_component(schema: Schema, name: str) -> None:
    described = schema["resources"][f"object-counting:index:{name}"]
    args = inspect.get_annotations(PUBLIC[name].__init__)["args"]
    assert set(described["inputProperties"]) == {camel_case(key) for key in args.__annotations__}
    assert set(described["requiredInputs"]) == {camel_case(key) for key in args.__required_keys__}
    outputs = {camel_case(key) for key in inspect.get_annotations(PUBLIC[name]) if not key.startswith("_")}
    assert set(described["properties"]) == outputs
    assert described["isComponent"]


def test_everything_has_a_description_that_every_language_can_show(schema: Schema) -> None:
    groups = {**schema["resources"], **schema["types"]}
    descriptions = {name: group.get("description") for name, group in groups.items()} | {
        f"{name}.{key}": property_.get("description")
        for name, group in groups.items()
        for section in ("inputProperties", "properties")
        for key, property_ in group.get(section, {}).items()
    }
    assert len(descriptions) > 100
    assert [name for name, description in descriptions.items() if not description] == []
    # Markdown knows no roles of Python's documentation.
    assert [name for name, description in descriptions.items() if ":class:" in description] == []


def test_package_and_policy_pack_have_the_versions_that_the_project_has() -> None:
    project = locked(PROJECT / "locks/dev.txt")
    assert locked(PACKAGE / "requirements.txt") <= project
    assert locked(PROJECT / "policy/requirements.txt") <= project


def locked(requirements: Path) -> set[str]:
    """Names with versions, such as `pulumi==3.272.0`."""
    pins = set(re.findall(r"^\S+==\S+", requirements.read_text(), re.MULTILINE))
    assert pins
    return pins


# --- Over the wire ---------------------------------------------------------------------------------------------------


API: dict[str, Any] = {
    "apiName": "cats-api",
    "routeKey": "POST /predict",
    "functionName": "cats-predict",
    "invokeArn": "arn:of:invocation",
    "allowedOrigins": ["https://www.example.com"],
    "throttle": {"rate": 10, "burst": 20},
}


def test_component_is_made_with_its_resources_and_answers_with_its_outputs(package: Package) -> None:
    resources, outputs = package.construct("HttpApi", "api", API)
    stage = next(resource.inputs for resource in resources if resource.type.endswith(":Stage"))
    assert stage["defaultRouteSettings"] == {"throttlingRateLimit": 10, "throttlingBurstLimit": 20}
    assert len(resources) == 6
    assert outputs == {"apiId": "api-id", "url": "https://api-id.execute-api.test/predict", "domainTarget": ""}


def test_what_is_not_known_at_preview_stays_unknown(package: Package) -> None:
    resources, _ = package.construct("HttpApi", "api", API | {"allowedOrigins": [UNKNOWN]}, preview=True)
    api = next(resource.inputs for resource in resources if resource.type.endswith(":Api"))
    assert api["corsConfiguration"]["allowOrigins"] == [UNKNOWN]


DETAILS = "grpc-status-details-bin"
"""Where gRPC carries the message for the user. https://grpc.io/docs/guides/error/#richer-error-model"""


def test_missing_input_is_named(package: Package) -> None:
    with pytest.raises(grpc.RpcError) as error:
        package.construct("HttpApi", "api", {key: value for key, value in API.items() if key != "routeKey"})
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert b"Missing required input 'routeKey' on 'HttpApi'" in dict(error.value.trailing_metadata())[DETAILS]


# --- The YAML program ------------------------------------------------------------------------------------------------

PROGRAM = PROJECT / "examples/yaml/Pulumi.yaml"
PROGRAM_RESOURCES: dict[str, dict[str, Any]] = yaml.safe_load(PROGRAM.read_text())["resources"]

PYTHON_TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


def problems(value: Any, described: dict[str, Any], schema: Schema, path: str) -> Iterator[str]:
    """What about a value in a YAML program does not fit its description in the schema."""
    reference = described.get("$ref", "")
    if reference == "pulumi.json#/Any":
        return
    if isinstance(value, str) and "${" in value:
        if described.get("plain"):
            yield f"{path} cannot take an output"
    elif reference:
        yield from object_problems(value, schema["types"][reference.removeprefix("#/types/")], schema, path)
    elif described["type"] == "array":
        for index, item in enumerate(value):
            yield from problems(item, described["items"], schema, f"{path}[{index}]")
    elif described["type"] == "object":
        for key, item in value.items():
            yield from problems(item, described["additionalProperties"], schema, f"{path}.{key}")
    elif not isinstance(value, PYTHON_TYPES[described["type"]]):
        yield f"{path} is {value!r}, and must be of type {described['type']}"


def object_problems(values: dict[str, Any], described: dict[str, Any], schema: Schema, path: str) -> Iterator[str]:
    known = described.get("inputProperties") or described["properties"]
    for missing in set(described.get("requiredInputs", described.get("required", []))) - set(values):
        yield f"{path}.{missing} is missing"
    for key, value in values.items():
        if key not in known:
            yield f"{path}.{key} does not exist"
        else:
            yield from problems(value, known[key], schema, f"{path}.{key}")


@pytest.mark.parametrize("name", PROGRAM_RESOURCES)
def test_yaml_program_fits_the_schema(schema: Schema, name: str) -> None:
    resource = PROGRAM_RESOURCES[name]
    assert list(object_problems(resource["properties"], schema["resources"][resource["type"]], schema, name)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"throttle": {"rate": 1}}, "api.throttle.burst is missing"),
        ({"throttle": {"rate": 1, "burst": "20"}}, "api.throttle.burst is '20', and must be of type integer"),
        ({"apiname": "x"}, "api.apiname does not exist"),
        ({"apiName": "${site.url}"}, "api.apiName cannot take an output"),
        ({"allowedOrigins": [1]}, "api.allowedOrigins[0] is 1, and must be of type string"),
    ],
)
def test_a_program_that_does_not_fit_is_noticed(schema: Schema, change: dict[str, Any], problem: str) -> None:
    api = PROGRAM_RESOURCES["api"]
    assert problem in list(object_problems(api["properties"] | change, schema["resources"][api["type"]], schema, "api"))


def test_yaml_program_makes_the_whole_chain(package: Package, tmp_path: Path) -> None:
    """Every resource is made over the wire, with the outputs of those before it."""
    model, page = tmp_path / "model.tar.gz", tmp_path / "site"
    page.mkdir()
    for file in (model, page / "index.html"):
        file.write_text("content")
    files = {"../../build/model.tar.gz": str(model), "../../site": str(page)}
    outputs: dict[str, dict[str, Any]] = {}
    made: list[str] = []
    for name, resource in PROGRAM_RESOURCES.items():
        inputs = {
            key: files.get(str(value), value) for key, value in evaluated(resource["properties"], outputs).items()
        }
        resources, outputs[name] = package.construct(resource["type"].split(":")[-1], name, inputs)
        made += [resource.type.split(":")[-1] for resource in resources]
    assert {"Endpoint", "Function", "Stage", "Distribution", "BucketObject", "Policy"} <= set(made)
    assert outputs["api"]["url"] == "https://api-id.execute-api.test/predict"
    assert "${" not in json.dumps(outputs)


def evaluated(value: Any, outputs: dict[str, dict[str, Any]]) -> Any:
    """A value of a YAML program with ``${resource.output}`` and ``${resource.output[index]}`` filled in."""
    if isinstance(value, dict):
        return {key: evaluated(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, outputs) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    before, _, rest = value.partition("${")
    expression, _, after = rest.partition("}")
    name, output = expression.split(".")
    key, _, index = output.partition("[")
    found = outputs[name][key]
    return f"{before}{found[int(index[:-1])] if index else found}{after}"
