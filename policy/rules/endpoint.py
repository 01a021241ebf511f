"""The SageMaker endpoint: what runs there is known, and a bad version of it does not stay."""

import re
from collections.abc import Iterator

from pulumi_policy import PolicyResource, ResourceValidationArgs, Severity, StackValidationArgs

from .rule import Complaints, as_list, is_set, of_type, properties, refers_to, resource_rule, stack_rule

MODEL = "aws:sagemaker/model:Model"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"


@resource_rule(Severity.MEDIUM, MODEL)
def model_image_has_version(model: ResourceValidationArgs) -> Complaints:
    """A model's container image is named by its digest or by a tag that is not ``latest``."""
    for container in [properties(model, "primaryContainer"), *as_list(model.props.get("containers", []))]:
        if is_set(container, "image") and not re.search(r"@sha256:|:(?!latest$)[\w][\w.-]*$", container["image"]):
            yield f"what the image {container['image']!r} is may change at any time. Name a version or a digest."


@stack_rule(Severity.MEDIUM)
def endpoint_rolls_back(stack: StackValidationArgs) -> Iterator[tuple[PolicyResource, str]]:
    """An endpoint on instances has alarms that undo a bad rollout; serverless ones know no such thing.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """
    configurations = [
        configuration
        for configuration in of_type(stack.resources, CONFIGURATION)
        if any(variant.get("instanceType") for variant in configuration.props.get("productionVariants", []))
    ]
    for endpoint in of_type(stack.resources, ENDPOINT):
        on_instances = any(refers_to(endpoint, "endpointConfigName", used, "name") for used in configurations)
        rollback = properties(endpoint, "deploymentConfig").get("autoRollbackConfiguration") or {}
        if on_instances and not rollback.get("alarms"):
            yield endpoint, "no alarm undoes a bad rollout. Add alarms to its autoRollbackConfiguration."
