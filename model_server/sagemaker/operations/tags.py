"""AddTags, ListTags, DeleteTags."""

from typing import Any

from model_server.sagemaker.errors import ResourceLimitExceeded, ValidationException
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.registry import Registry

_MAX_TAGS = 50


def add(registry: Registry, _caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    existing = _tags_of(registry, request["ResourceArn"])
    combined = existing | _as_dict(request["Tags"])
    if len(combined) > _MAX_TAGS:
        raise ResourceLimitExceeded(f"A resource can have at most {_MAX_TAGS} tags")
    registry.tags[request["ResourceArn"].lower()] = combined
    return {"Tags": _as_list(combined)}


def list_(registry: Registry, _caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """All tags in one page: a resource has at most 50, and no page is smaller."""
    if "NextToken" in request:
        raise ValidationException("NextToken is not one that this operation has returned")
    return {"Tags": _as_list(_tags_of(registry, request["ResourceArn"]))}


def delete(registry: Registry, _caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    existing = _tags_of(registry, request["ResourceArn"])
    for key in request["TagKeys"]:
        existing.pop(key, None)
    return {}


def initial(tags: list[dict[str, str]]) -> dict[str, str]:
    """The entry in the registry for the tags of a resource that is being created; it may be empty."""
    as_dict = _as_dict(tags)
    if len(as_dict) != len(tags):
        raise ValidationException("Duplicate tag keys found in Tags")
    return as_dict


def _tags_of(registry: Registry, arn: str) -> dict[str, str]:
    tags = registry.tags.get(arn.lower())
    if tags is None:
        raise ValidationException(f'Could not find resource "{arn}".')
    return tags


def _as_dict(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
