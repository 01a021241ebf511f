"""Checks a request against SageMaker's service model and reports in SageMaker's words.

A value of the wrong JSON type is a `SerializationException`. Everything else is collected into one
`ValidationException`: "2 validation errors detected: Value 'x' at 'endpointName' failed to satisfy
constraint: ...".
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from model_server.sagemaker.errors import SerializationException, ValidationException
from model_server.sagemaker.service_model import operation_model

if TYPE_CHECKING:
    from botocore.model import Shape


def validate(operation: str, request: Mapping[str, object], service: str = "sagemaker") -> None:
    """Raise if `request` is not valid input of `operation`."""
    shape = operation_model(operation, service).input_shape
    violations = list(_violations(request, shape, "")) if shape else []
    if violations:
        plural = "" if len(violations) == 1 else "s"
        raise ValidationException(f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}")


def _violations(value: Any, shape: "Shape", path: str) -> Iterator[str]:
    check = _CHECKS[shape.type_name]
    yield from check(value, shape, path)


def _structure(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, dict), value, "an object", path)
    for name in value.keys() - shape.members.keys():
        yield f"'{_join(path, name)}' is not a member of {shape.name} ({', '.join(shape.members)})"
    for name, member in shape.members.items():
        member_path = _join(path, name)
        if name in value:
            yield from _violations(value[name], member, member_path)
        elif name in shape.required_members:
            yield _violation(None, member_path, "Member must not be null")


def _list(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, list), value, "a list", path)
    yield from _length(value, shape, path)
    for number, item in enumerate(value, start=1):
        yield from _violations(item, shape.member, f"{path}.{number}.member")


def _map(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, dict), value, "an object", path)
    yield from _length(value, shape, path)
    for key, item in value.items():
        yield from _violations(key, shape.key, f"{path}.key")
        yield from _violations(item, shape.value, f"{path}.{key}")


def _string(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, str), value, "a string", path)
    too_long_or_short = list(_length(value, shape, path))
    yield from too_long_or_short
    if shape.enum and value not in shape.enum:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    # A string of the wrong length is not matched as well: no pattern has to run over megabytes.
    if pattern and not too_long_or_short and not _compiled(pattern).fullmatch(value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _integer(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, int) and not isinstance(value, bool), value, "an integer", path)
    yield from _range(value, shape, path)


def _number(value: Any, shape: Any, path: str) -> Iterator[str]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _expect(is_number and math.isfinite(value), value, "a finite number", path)
    yield from _range(value, shape, path)


def _boolean(value: Any, shape: Any, path: str) -> Iterator[str]:
    _expect(isinstance(value, bool), value, "a boolean", path)
    yield from ()


_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "timestamp": _number,  # JSON 1.1 sends seconds since the epoch
    "boolean": _boolean,
}


def _length(value: Any, shape: "Shape", path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _violation(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield _violation(value, path, f"Member must have length less than or equal to {high}")


def _range(value: Any, shape: "Shape", path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _violation(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _violation(value, path, f"Member must have value less than or equal to {high}")


def _violation(value: Any, path: str, constraint: str) -> str:
    text = "null" if value is None else f"'{_shortened(str(value))}'"
    return f"Value {text} at '{path}' failed to satisfy constraint: {constraint}"


def _shortened(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[:limit] + "..."


def _expect(is_expected: bool, value: Any, expected: str, path: str) -> None:
    if not is_expected:
        found = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list"}
        actual = found.get(type(value), "an object" if value is not None else "null")
        raise SerializationException(f"'{path}' must be {expected}, not {actual}")


def _join(path: str, name: str) -> str:
    """SageMaker spells members in lower camel case: `productionVariants.1.member.modelName`."""
    lower = name[:1].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""The service model's Java pattern for Python, which lacks Unicode categories and writes no pairs of surrogates.

    Patterns that use them allow letters `\p{L}`, numbers `\p{N}` and `_` together, which is Python's `\w`.
    """
    for category, replacement in {
        r"\p{L}": r"\w",
        r"\p{N}": r"\w",
        r"\p{Print}+": r"[\x20-\x7e]+",
        r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
        r"\p{Z}": "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    }.items():
        pattern = pattern.replace(category, replacement)
    return re.compile(pattern)
