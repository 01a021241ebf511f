"""Log groups: kept as long as they are needed, and no longer."""

from collections.abc import Iterator

from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ResourceValidationArgs,
    Severity,
    StackValidationArgs,
)

from .rule import Complaints, of_type, resource_rule, stack_rule

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
FUNCTION = "aws:lambda/function:Function"

MOST_DAYS = 365
"""Unless the pack's configuration allows more or less."""


@resource_rule(
    Severity.MEDIUM,
    LOG_GROUP,
    config=PolicyConfigSchema(
        {"mostDays": {"type": "integer", "minimum": 1, "default": MOST_DAYS, "description": "Longest retention"}}
    ),
)
def log_group_has_retention(group: ResourceValidationArgs) -> Complaints:
    """A log group keeps its logs for a limited time: they have addresses of visitors in them."""
    days, most = group.props.get("retentionInDays") or 0, group.get_config().get("mostDays", MOST_DAYS)
    if days == 0:
        yield f"its logs are kept forever. Set retentionInDays to at most {most:g}."
    elif days > most:
        yield f"its logs are kept for {days:g} days. Set retentionInDays to at most {most:g}."


@stack_rule(Severity.MEDIUM)
def function_has_log_group(stack: StackValidationArgs) -> Iterator[tuple[PolicyResource, str]]:
    """A function's log group belongs to the stack: Lambda would make one that keeps its logs forever."""
    groups = of_type(stack.resources, LOG_GROUP)
    for function in of_type(stack.resources, FUNCTION):
        if not any(_logs_to(function, group) for group in groups):
            yield function, "its log group is not in the stack. Add a LogGroup, and name it in loggingConfig."


def _logs_to(function: PolicyResource, group: PolicyResource) -> bool:
    if group.urn in [resource.urn for resource in function.property_dependencies.get("loggingConfig", [])]:
        return True
    name = function.props.get("loggingConfig", {}).get("logGroup") or f"/aws/lambda/{function.props.get('name')}"
    return bool(group.props.get("name") == name)
