"""CreateEndpoint, UpdateEndpoint, DescribeEndpoint, ListEndpoints, DeleteEndpoint."""

from typing import Any

from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.endpoint import Endpoint
from model_server.sagemaker.errors import ValidationException
from model_server.sagemaker.operations import endpoint_configs, models, tags
from model_server.sagemaker.operations.listing import page
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.registry import Registry
from model_server.sagemaker.variant import Variant

# What UpdateEndpoint can retain of a variant, by the names that ExcludeRetainedVariantProperties uses.
_RETAINABLE = {"DesiredInstanceCount": "InitialInstanceCount", "DesiredWeight": "InitialVariantWeight"}


def create(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointName"]
    arn = caller.arn("endpoint", name)
    if arn in registry.endpoints:
        raise ValidationException(f'Cannot create already existing endpoint "{arn}".')
    deployment = _deployment(registry, caller, request["EndpointConfigName"])
    initial_tags = tags.initial(request.get("Tags", []))
    endpoint = registry.new_endpoint(arn, name, deployment)
    endpoint.deployment_config = request.get("DeploymentConfig")
    endpoint.deploy(deployment)
    registry.endpoints[arn], registry.tags[arn] = endpoint, initial_tags
    return {"EndpointArn": arn}


def update(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    endpoint = find(registry, caller, request["EndpointName"])
    endpoint.require_settled()
    if endpoint.serving is None:
        raise ValidationException(
            f'Cannot update failed endpoint "{endpoint.arn}". '
            "DeleteEndpoint is the only operation that can be performed on a failed endpoint."
        )
    deployment = _deployment(registry, caller, request["EndpointConfigName"])
    if request.get("RetainAllVariantProperties"):
        excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties", [])}
        deployment = _retaining(deployment, endpoint.serving.deployment, excluded)
    if not request.get("RetainDeploymentConfig"):
        endpoint.deployment_config = request.get("DeploymentConfig")
    endpoint.deploy(deployment)
    return {"EndpointArn": endpoint.arn}


def describe(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    endpoint = find(registry, caller, request["EndpointName"])
    answer: dict[str, Any] = {**_summary(endpoint), **_current(endpoint)}
    if endpoint.incoming:
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": endpoint.incoming.deployment.config_name,
            "ProductionVariants": [_variant_summary(endpoint.incoming, endpoint.modified)],
            "StartTime": endpoint.modified,
        }
    if endpoint.failure_reason:
        answer["FailureReason"] = endpoint.failure_reason
    if endpoint.deployment_config:
        answer["LastDeploymentConfig"] = endpoint.deployment_config
    return answer


def list_(registry: Registry, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    prefix = caller.arn("endpoint", "")
    mine = [endpoint for arn, endpoint in registry.endpoints.items() if arn.startswith(prefix)]
    return page("Endpoint", map(_summary, mine), request)


def delete(registry: Registry, caller: Caller, request: dict[str, Any]) -> None:
    endpoint = find(registry, caller, request["EndpointName"])

    def forget() -> None:
        del registry.endpoints[endpoint.arn], registry.tags[endpoint.arn]
        registry.save()

    endpoint.delete(when_gone=forget)


def find(registry: Registry, caller: Caller, name: str) -> Endpoint:
    """The endpoint of that name, or a ValidationException in SageMaker's words."""
    arn = caller.arn("endpoint", name)
    if arn not in registry.endpoints:
        raise ValidationException(f'Could not find endpoint "{arn}".')
    return registry.endpoints[arn]


def _deployment(registry: Registry, caller: Caller, config_name: str) -> Deployment:
    config = endpoint_configs.find(registry, caller, config_name)
    model = models.find(registry, caller, config.request["ProductionVariants"][0]["ModelName"])
    return Deployment(config.request, model.request, caller.region)


def _retaining(new: Deployment, old: Deployment, excluded: set[str]) -> Deployment:
    """`new` with the old instance count and weight, if the variant is still the same."""
    if new.variant_name != old.variant_name:
        return new
    members = [member for name, member in _RETAINABLE.items() if name not in excluded]
    retained = {member: old.variant[member] for member in members if member in old.variant}
    config = {**new.config, "ProductionVariants": [{**new.variant, **retained}]}
    return Deployment(config, new.model, new.region)


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }


def _current(endpoint: Endpoint) -> dict[str, Any]:
    """The configuration and variants: what serves now, else what is to serve or failed to."""
    deployment = endpoint.deployment
    answer: dict[str, Any] = {"EndpointConfigName": deployment.config_name}
    if endpoint.serving:
        answer["ProductionVariants"] = [_variant_summary(endpoint.serving, endpoint.modified)]
    if capture := deployment.config.get("DataCaptureConfig"):
        answer["DataCaptureConfig"] = {
            "EnableCapture": capture.get("EnableCapture", True),
            "CaptureStatus": "Stopped",  # the stand-in captures nothing
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return answer


def _variant_summary(variant: Variant, since: float) -> dict[str, Any]:
    deployment = variant.deployment
    given, image = deployment.variant, deployment.container["Image"]
    weight = given.get("InitialVariantWeight", 1.0)
    summary: dict[str, Any] = {
        "VariantName": deployment.variant_name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": since}],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if deployment.is_serverless:
        serverless = given["ServerlessConfig"]
        summary |= {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    else:
        count = given["InitialInstanceCount"]
        summary |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    retold = ("ManagedInstanceScaling", "RoutingConfig")
    return summary | {name: given[name] for name in retold if name in given}
