"""The components' package as Pulumi runs it: a process that tells its schema and makes components in an engine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import MockCallArgs, MockResourceArgs
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from harness.project import PROJECT
from tests.unit.recording import Recorded, Recorder

PACKAGE = PROJECT / "package"


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """The services of the engine that a component needs. Resources answer like AWS."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.errors: list[str] = []

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return resource_pb2.DeploymentInfo(supportedFeatures=[resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS])

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = json_format.MessageToDict(request.object)
        id_, outputs = self.recorder.new_resource(
            MockResourceArgs(request.type, request.name, inputs, custom=request.custom)
        )
        urn = f"urn:pulumi:stack::project::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_ or "", object=struct(outputs))

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        answer, _ = self.recorder.call(MockCallArgs(request.tok, json_format.MessageToDict(request.args), ""))
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()


class Package:
    """The running package, and an engine for it."""

    def __init__(self, channel: grpc.Channel, engine: Engine, engine_address: str) -> None:
        self._provider = ResourceProviderStub(channel)
        self._engine = engine
        self._engine_address = engine_address

    def schema(self) -> dict[str, Any]:
        """https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/"""
        answer = self._provider.GetSchema(provider_pb2.GetSchemaRequest())
        return cast(dict[str, Any], json.loads(answer.schema))

    def construct(
        self, component: str, name: str, inputs: dict[str, Any], preview: bool = False
    ) -> tuple[list[Recorded], dict[str, Any]]:
        """Make a component.

        :returns: the resources that it asked for, and its outputs.
        """
        self._engine.recorder.resources.clear()
        answer = self._provider.Construct(
            provider_pb2.ConstructRequest(
                project="project",
                stack="stack",
                monitorEndpoint=self._engine_address,
                type=f"object-counting:index:{component}",
                name=name,
                inputs=struct(inputs),
                dryRun=preview,
            )
        )
        assert self._engine.errors == []
        return self._engine.recorder.resources, json_format.MessageToDict(answer.state)


@contextmanager
def running_package() -> Iterator[Package]:
    """Start the package by Pulumi's own command, and an engine that it reports to."""
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    command = [sys.executable, str(PACKAGE), address]
    # From elsewhere than the project, as when another program uses it.
    with subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield Package(channel, engine, address)
        finally:
            process.terminate()
            server.stop(None)


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    """What gRPC carries."""
    made = struct_pb2.Struct()
    made.update(values)
    return made
