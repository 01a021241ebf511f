"""The policy pack as the Pulumi CLI runs it: a process that answers for one resource, or one stack, at a time."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from harness.project import PROJECT
from tests.policy.stack import Registered

PACK = PROJECT / "policy"


@dataclass(frozen=True)
class Finding:
    """What the pack says about a resource."""

    rule: str
    message: str
    is_mandatory: bool
    """Otherwise the rule could not run yet, because a value is not known."""


class Pack:
    """A running policy pack."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._analyzer = AnalyzerStub(channel)

    def info(self) -> proto.AnalyzerInfo:
        """What the pack says about itself."""
        info: proto.AnalyzerInfo = self._analyzer.GetAnalyzerInfo(empty_pb2.Empty())
        return info

    def configure(self, rule: str, properties: dict[str, Any]) -> None:
        """What ``--policy-pack-config`` does."""
        config = proto.PolicyConfig(enforcementLevel=proto.MANDATORY, properties=_struct(properties))
        self._analyzer.Configure(proto.ConfigureAnalyzerRequest(policyConfig={rule: config}))

    def findings(
        self, resources: Sequence[Registered], provider: dict[str, str], stack: Sequence[Registered] = ()
    ) -> list[Finding]:
        """Ask about each of some resources, and then about the stack."""
        aws = proto.AnalyzerProviderResource(
            type="pulumi:providers:aws",
            properties=_struct(provider),
            urn="urn:pulumi:stack::project::pulumi:providers:aws::default",
            name="default",
        )
        answers = [self._analyzer.Analyze(_request(resource, aws)) for resource in resources]
        answers.append(
            self._analyzer.AnalyzeStack(
                proto.AnalyzeStackRequest(resources=[_part(resource, aws) for resource in stack])
            )
        )
        return [
            Finding(found.policyName, found.message, found.enforcementLevel == proto.MANDATORY)
            for answer in answers
            for found in answer.diagnostics
        ]


@contextmanager
def running_pack() -> Iterator[Pack]:
    """Start the pack by the CLI's own command, in the CLI's working directory."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(PACK)]
    with subprocess.Popen(command, cwd=PACK, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield Pack(channel)
        finally:
            process.terminate()


def _request(resource: Registered, provider: proto.AnalyzerProviderResource) -> proto.AnalyzeRequest:
    return proto.AnalyzeRequest(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=_struct(resource.properties),
        provider=provider,
    )


def _part(resource: Registered, provider: proto.AnalyzerProviderResource) -> proto.AnalyzerResource:
    return proto.AnalyzerResource(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=_struct(resource.properties),
        provider=provider,
        propertyDependencies={
            key: proto.AnalyzerPropertyDependencies(urns=urns) for key, urns in resource.made_from.items()
        },
    )


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
