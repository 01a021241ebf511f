"""How a rule is written: a function that yields what is wrong with a resource, or with one in its stack.

The function's name becomes the policy's name, its docstring the description that users see.

At preview some values are unknown, and reading one raises ``UnknownValueError``. Rules let it pass: pulumi-policy
then reports that the policy could not run yet, and asks again during the update, before the resource is made.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

Complaints = Iterator[str]
"""What is wrong with a resource, and what to do about it."""


def resource_rule(
    severity: Severity, *types: str, config: PolicyConfigSchema | None = None
) -> Callable[[Callable[[ResourceValidationArgs], Complaints]], ResourceValidationPolicy]:
    """Make a policy of a function that looks at one resource of these types at a time."""

    def make(check: Callable[[ResourceValidationArgs], Complaints]) -> ResourceValidationPolicy:
        def validate(resource: ResourceValidationArgs, report: ReportViolation) -> None:
            if resource.resource_type in types:
                for complaint in check(resource):
                    report(f"{_called(resource)}: {complaint}", None)

        return ResourceValidationPolicy(
            _name(check), _description(check), validate, severity=severity, config_schema=config
        )

    return make


def stack_rule(
    severity: Severity,
) -> Callable[[Callable[[StackValidationArgs], Iterable[tuple[PolicyResource, str]]]], StackValidationPolicy]:
    """Make a policy of a function that looks at how the resources of a stack belong together."""

    def make(check: Callable[[StackValidationArgs], Iterable[tuple[PolicyResource, str]]]) -> StackValidationPolicy:
        def validate(stack: StackValidationArgs, report: ReportViolation) -> None:
            for resource, complaint in check(stack):
                report(f"{_called(resource)}: {complaint}", resource.urn)

        return StackValidationPolicy(_name(check), _description(check), validate, severity=severity)

    return make


def known_first(values: Sequence[Any]) -> Iterator[Any]:
    """The values that are known, so that one of them can be wrong, and only then the error for one that is not."""
    unknown: UnknownValueError | None = None
    for index in range(len(values)):
        try:
            yield values[index]
        except UnknownValueError as error:
            unknown = error
    if unknown:
        raise unknown


def is_set(group: Mapping[str, Any], key: str) -> bool:
    """Whether a property has a value, which need not be known."""
    try:
        return group.get(key) is not None
    except UnknownValueError:
        return True


def refers_to(resource: PolicyResource, key: str, other: PolicyResource, other_key: str) -> bool:
    """Whether a property was made from another resource's outputs, or, where it is a plain text, is its name.

    The first is known at preview, too, when names are not.
    """
    if made_from := resource.property_dependencies.get(key):
        return other.urn in [dependency.urn for dependency in made_from]
    name = resource.props.get(key)
    return name is not None and name == other.props.get(other_key)


def as_list(value: Any) -> Sequence[Any]:
    """What may stand alone or in a list, such as an IAM statement's actions, as a list."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def text(value: object) -> str:
    """A value for a message."""
    return "nothing" if value is None else repr(value)


def of_type(resources: Iterable[PolicyResource], *types: str) -> list[PolicyResource]:
    """The resources of these types."""
    return [resource for resource in resources if resource.resource_type in types]


def properties(resource: ResourceValidationArgs | PolicyResource, key: str) -> Mapping[str, Any]:
    """A group of properties, empty where it is not set."""
    return resource.props.get(key) or {}


def _called(resource: ResourceValidationArgs | PolicyResource) -> str:
    return f"{resource.resource_type.split(':')[-1]} {resource.name!r}"


def _name(check: Callable[..., Any]) -> str:
    return check.__name__.replace("_", "-")


def _description(check: Callable[..., Any]) -> str:
    return inspect.getdoc(check) or ""
