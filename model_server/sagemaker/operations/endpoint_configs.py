"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from typing import Any

from model_server.sagemaker.errors import ValidationException
from model_server.sagemaker.operations import models, tags
from model_server.sagemaker.operations.listing import page
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.record import Record
from model_server.sagemaker.registry import Registry

# Changes the answers of an endpoint, but cannot be emulated with one process: better refused than ignored.
_REFUSED = ("ShadowProductionVariants", "AsyncInferenceConfig", "ExplainerConfig")
_REFUSED_IN_VARIANT = ("InstancePools",)


def create(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    arn = caller.arn("endpoint-config", request["EndpointConfigName"])
    _check_variants(registry, caller, request)
    if arn in registry.endpoint_configs:
        raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".')
    registry.tags[arn] = tags.initial(request.pop("Tags", []))
    registry.endpoint_configs[arn] = Record(arn, request["EndpointConfigName"], request)
    return {"EndpointConfigArn": arn}


def describe(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    config = find(registry, caller, request["EndpointConfigName"])
    variants = [{"InitialVariantWeight": 1.0, **variant} for variant in config.request["ProductionVariants"]]
    return {
        "EnableNetworkIsolation": False,
        **config.request,
        "ProductionVariants": variants,
        "EndpointConfigArn": config.arn,
        "CreationTime": config.created,
    }


def list_(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    prefix = caller.arn("endpoint-config", "")
    mine = [config for arn, config in registry.endpoint_configs.items() if arn.startswith(prefix)]
    summaries = [{"EndpointConfigName": c.name, "EndpointConfigArn": c.arn, "CreationTime": c.created} for c in mine]
    return page("EndpointConfig", summaries, request)


def delete(registry: Registry, caller: Caller, request: dict[str, Any]) -> None:
    config = find(registry, caller, request["EndpointConfigName"])
    del registry.endpoint_configs[config.arn], registry.tags[config.arn]


def find(registry: Registry, caller: Caller, name: str) -> Record:
    """The endpoint configuration of that name, or a ValidationException in SageMaker's words."""
    arn = caller.arn("endpoint-config", name)
    if arn not in registry.endpoint_configs:
        raise ValidationException(f'Could not find endpoint configuration "{arn}".')
    return registry.endpoint_configs[arn]


def _check_variants(registry: Registry, caller: Caller, request: dict[str, Any]) -> None:
    for name in _REFUSED:
        if name in request:
            raise ValidationException(f"{name} is not emulated by this stand-in for SageMaker")
    if len(request["ProductionVariants"]) > 1:
        raise ValidationException("ProductionVariants: this stand-in runs one production variant for each endpoint")
    variant = request["ProductionVariants"][0]
    for name in _REFUSED_IN_VARIANT:
        if name in variant:
            raise ValidationException(f"ProductionVariants.1.member.{name} is not emulated by this stand-in")
    if "ModelName" not in variant:
        raise ValidationException(
            "ProductionVariants.1.member.ModelName must be specified (inference components are not emulated)"
        )
    if "ServerlessConfig" not in variant and not {"InstanceType", "InitialInstanceCount"} <= variant.keys():
        raise ValidationException(
            "ProductionVariants.1.member must specify ServerlessConfig, or InstanceType with InitialInstanceCount"
        )
    models.find(registry, caller, variant["ModelName"])
