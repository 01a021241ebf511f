"""The resources of a stack, as the engine shows them to policies."""

import json
from dataclasses import dataclass
from typing import Any

import yaml
from google.protobuf import json_format

from harness.project import PROJECT
from tests.unit.recording import Resources


@dataclass(frozen=True)
class Registered:
    """A resource that a program asked for."""

    type: str
    name: str
    urn: str
    properties: dict[str, Any]
    made_from: dict[str, list[str]]
    """URNs of the resources from whose outputs each property was made."""


@dataclass(frozen=True)
class Stack:
    """What a stack is made of, and the inputs of its AWS provider."""

    resources: list[Registered]
    provider: dict[str, str]


def seen_by_policies(resources: Resources, stack: str) -> Stack:
    """What a program asked for, and the provider that the engine makes of the stack's settings for it."""
    settings = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return Stack(
        resources=[
            Registered(
                type=request.type,
                name=request.name,
                urn=urn,
                properties=json_format.MessageToDict(request.object),
                made_from={key: list(value.urns) for key, value in request.propertyDependencies.items()},
            )
            for urn, request in resources.requests().items()
        ],
        provider={
            key.removeprefix("aws:"): value if isinstance(value, str) else json.dumps(value)
            for key, value in settings.items()
            if key.startswith("aws:")
        },
    )
