"""Runs components under Pulumi's mocks and returns the resources that they asked for."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import UNKNOWN
from pulumi.runtime.stack import run_pulumi_func

ACCOUNT = "123456789012"
REGION = "eu-central-1"


@dataclass(frozen=True)
class Recorded:
    """A resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]


class Recorder(Mocks):
    """Answers like AWS: every resource has an id, an ARN and a name."""

    preview = False

    def __init__(self) -> None:
        self.resources: list[Recorded] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.custom:
            self.resources.append(Recorded(args.typ, args.name, args.inputs))
        made: dict[str, Any] = {
            "arn": f"arn:of:{args.name}",
            "name": f"{args.name}-name",
            "bucket": f"{args.name}-bucket",
            "domainName": "d123.cloudfront.net",
            "executionArn": "arn:of:execution",
            "invokeArn": "arn:of:invocation",
            "apiEndpoint": "https://api-id.execute-api.test",
        }
        if args.typ.endswith(":DomainName"):
            target = {"targetDomainName": "d-1.execute-api.test"}
            configuration = args.inputs["domainNameConfiguration"] | target
            return f"{args.name}-id", made | args.inputs | {"domainNameConfiguration": configuration}
        return f"{args.name}-id", made | args.inputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {
            "region": REGION,
            "accountId": ACCOUNT,
            "partition": "aws",
            "registryPath": f"registry/pytorch-inference:{args.args.get('imageTag')}",
        }, []


class PreviewRecorder(Recorder):
    """Answers like a preview: nothing is known but what the program itself said."""

    preview = True

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        _, outputs = super().new_resource(args)
        return None, {key: args.inputs.get(key, UNKNOWN) for key in outputs}


class RecordingMonitor(MockMonitor):
    """Also records what the mocks are not told: parents, and outputs that components register."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.requests: dict[str, Any] = {}
        self.parents: dict[str, str] = {}
        self.components: set[str] = set()
        self.registered: set[str] = set()
        self.protected: set[str] = set()
        self.retained: set[str] = set()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.custom:
            self.requests[response.urn] = request
            self.parents[response.urn] = request.parent
            if request.retainOnDelete:
                self.retained.add(request.type)
            if request.protect:
                self.protected.add(request.name)
        elif request.type != "pulumi:pulumi:Stack":
            self.components.add(response.urn)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.registered.add(request.urn)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class Resources:
    """The resources of one run."""

    def __init__(self, resources: list[Recorded], monitor: RecordingMonitor) -> None:
        self._resources = resources
        self._monitor = monitor

    def of_type(self, ending: str) -> list[dict[str, Any]]:
        """Inputs of all resources whose type ends so, for example ``:Bucket``."""
        return [resource.inputs for resource in self._resources if resource.type.endswith(ending)]

    def one(self, ending: str) -> dict[str, Any]:
        """Inputs of the only resource of a type."""
        (inputs,) = self.of_type(ending)
        return inputs

    def requests(self) -> dict[str, Any]:
        """What the engine is asked for all resources that are not components, by their URNs."""
        return self._monitor.requests

    def parent_types(self) -> set[str]:
        """Types of the parents of all resources that are not components."""
        return {urn.split("::")[2].split("$")[-1] for urn in self._monitor.parents.values()}

    def protected(self) -> set[str]:
        """Names of the resources that Pulumi refuses to delete."""
        return self._monitor.protected

    def retained(self) -> set[str]:
        """Types of the resources that Pulumi forgets, but does not delete."""
        return self._monitor.retained

    def statements(self) -> list[dict[str, Any]]:
        """Statements of the only policy that a role has."""
        found: list[dict[str, Any]] = json.loads(self.one(":RolePolicy")["policy"])["Statement"]
        return found

    def components(self) -> set[str]:
        """URNs of all components."""
        return self._monitor.components

    def registered_outputs(self) -> set[str]:
        """URNs of the components that registered their outputs."""
        return self._monitor.registered & self._monitor.components


def record(
    make: Callable[[], object], recorder: Recorder | None = None, project: str = "project", stack: str = "test"
) -> Resources:
    """Make components and wait until every resource is registered."""
    recorder = recorder or Recorder()
    monitor = RecordingMonitor(recorder)

    def program() -> None:
        make()

    async def run() -> None:
        set_mocks(recorder, project=project, stack=stack, preview=recorder.preview, monitor=monitor)
        await run_pulumi_func(program)

    # In a thread of its own: Playwright, in whose session these tests may run, keeps a loop running in the main one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
    return Resources(recorder.resources, monitor)
