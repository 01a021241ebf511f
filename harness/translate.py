"""Pulumi's words into those of an AWS API, guided by the service model that botocore ships.

Pulumi writes ``instanceType``, the API ``InstanceType``; Pulumi writes tags and CloudFront's lists plainly,
the APIs wrap them. The shapes of the service model say which is meant where, so no field is listed by hand,
and a field that the API does not have cannot slip through.
"""

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class UnknownInput(Exception):
    """An input for which the API has no parameter. The message is the input's path."""


def to_api(value: Any, shape: Shape, path: str = "") -> Any:
    """Translate one value for one shape.

    :raises UnknownInput: with the path of the first input that the shape does not have.
    """
    match shape:
        case StructureShape() if isinstance(value, list) and {"Quantity", "Items"} <= shape.members.keys():
            # CloudFront counts its lists for itself.
            return {"Quantity": len(value), "Items": to_api(value, shape.members["Items"], path)}
        case StructureShape() if isinstance(value, Mapping):
            return _structure(value, shape, path)
        case ListShape() if isinstance(value, Mapping):
            return [{"Key": key, "Value": text} for key, text in value.items()]
        case ListShape() if isinstance(value, list):
            return [to_api(item, shape.member, f"{path}[{index}]") for index, item in enumerate(value)]
        case MapShape() if isinstance(value, Mapping):
            return {key: to_api(item, shape.value, f"{path}.{key}") for key, item in value.items()}
        case _ if shape.type_name in ("integer", "long") and isinstance(value, float) and value.is_integer():
            return int(value)  # every number of Pulumi's is a float
        case _:
            return value  # botocore checks the type


def _structure(value: Mapping[str, Any], shape: StructureShape, path: str) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    translated = {}
    for key, item in value.items():
        if item is None:
            continue
        name = members.get(key.lower())
        inner = f"{path}.{key}".lstrip(".")
        if name is None:
            raise UnknownInput(inner)
        translated[name] = to_api(item, shape.members[name], inner)
    if "Quantity" in shape.members:
        translated.setdefault("Quantity", len(translated.get("Items", [])))
    return translated


def to_outputs(response: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values at the top of an API's response, under Pulumi's spelling."""
    return {
        key[0].lower() + key[1:]: value for key, value in response.items() if isinstance(value, (str, int, float, bool))
    }
