"""CreateModel, DescribeModel, ListModels, DeleteModel."""

import os
from typing import Any

from model_server.sagemaker.errors import ValidationException
from model_server.sagemaker.model_data import parse_uri
from model_server.sagemaker.operations import tags
from model_server.sagemaker.operations.listing import page
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.record import Record
from model_server.sagemaker.registry import Registry

# Changes the answers of an endpoint, but cannot be emulated with one process: better refused than ignored.
_REFUSED_IN_CONTAINER = (
    "ModelPackageName",
    "InferenceSpecificationName",
    "AdditionalModelDataSources",
    "MultiModelConfig",
)
_REFUSED_IN_S3_SOURCE = ("ManifestS3Uri", "HubAccessConfig", "ETag", "ManifestEtag")


def create(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    arn = caller.arn("model", request["ModelName"])
    _check_containers(request)
    if arn in registry.models:
        raise ValidationException(f'Cannot create already existing model "{arn}".')
    registry.tags[arn] = tags.initial(request.pop("Tags", []))
    registry.models[arn] = Record(arn, request["ModelName"], request)
    return {"ModelArn": arn}


def describe(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    model = find(registry, caller, request["ModelName"])
    return {
        "EnableNetworkIsolation": False,
        **model.request,
        "ModelArn": model.arn,
        "CreationTime": model.created,
    }


def list_(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    mine = [model for arn, model in registry.models.items() if arn.startswith(caller.arn("model", ""))]
    summaries = [{"ModelName": m.name, "ModelArn": m.arn, "CreationTime": m.created} for m in mine]
    return page("Model", summaries, request)


def delete(registry: Registry, caller: Caller, request: dict[str, Any]) -> None:
    """A model that an endpoint uses may be deleted; the endpoint has its own copy."""
    model = find(registry, caller, request["ModelName"])
    del registry.models[model.arn], registry.tags[model.arn]


def find(registry: Registry, caller: Caller, name: str) -> Record:
    """The model of that name, or a ValidationException in SageMaker's words."""
    arn = caller.arn("model", name)
    if arn not in registry.models:
        raise ValidationException(f'Could not find model "{arn}".')
    return registry.models[arn]


def _check_containers(request: dict[str, Any]) -> None:
    containers = request.get("Containers", [])
    if ("PrimaryContainer" in request) == bool(containers):
        raise ValidationException("Exactly one of PrimaryContainer and Containers must be specified")
    if len(containers) > 1:
        raise ValidationException("Containers: this stand-in runs one container for each model")
    member = "Containers.1.member" if containers else "PrimaryContainer"
    _check_container(containers[0] if containers else request["PrimaryContainer"], member)


def _check_container(container: dict[str, Any], member: str) -> None:
    _refuse(container, _REFUSED_IN_CONTAINER, member)
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise ValidationException(f"{member}.Mode: this stand-in emulates SingleModel only")
    if not container.get("Image"):
        raise ValidationException(f"{member}.Image must be specified")
    _check_environment(container.get("Environment", {}), member)
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        raise ValidationException(f"{member}: only one of ModelDataUrl and ModelDataSource can be specified")
    if "ModelDataUrl" in container:
        parse_uri(container["ModelDataUrl"], f"{member}.ModelDataUrl")
    if "ModelDataSource" in container:
        _check_s3_source(container["ModelDataSource"].get("S3DataSource"), f"{member}.ModelDataSource.S3DataSource")


def _check_environment(environment: dict[str, str], member: str) -> None:
    for name, value in environment.items():
        try:
            usable = b"\0" not in os.fsencode(value)
        except UnicodeEncodeError:
            usable = False
        if not usable:
            raise ValidationException(
                f"{member}.Environment.{name} has a character that no environment variable can have"
            )


def _check_s3_source(source: dict[str, Any] | None, member: str) -> None:
    if source is None:
        raise ValidationException(f"{member} must be specified")
    _refuse(source, _REFUSED_IN_S3_SOURCE, member)
    if (source["S3DataType"], source["CompressionType"]) != ("S3Object", "Gzip"):
        raise ValidationException(
            f"{member}: this stand-in emulates S3DataType S3Object with CompressionType Gzip only"
        )
    parse_uri(source["S3Uri"], f"{member}.S3Uri")


def _refuse(given: dict[str, Any], names: tuple[str, ...], member: str) -> None:
    for name in names:
        if given.get(name):
            raise ValidationException(f"{member}.{name} is not emulated by this stand-in for SageMaker")
