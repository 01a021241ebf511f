"""Deployment without the Pulumi CLI: the unchanged program, run in this process, against the emulators.

The SDK's hook for tests, ``set_mocks``, hands every resource of the program to :class:`Emulated`, which makes
it for real and returns its real outputs. https://www.pulumi.com/docs/iac/guides/testing/unit/
"""

import asyncio
import importlib
import keyword
import logging
import os
import runpy
import time
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi.runtime import (
    MockCallArgs,
    MockResourceArgs,
    Mocks,
    get_root_resource,
    set_all_config,
    set_mocks,
)
from pulumi.runtime.stack import Stack, run_pulumi_func

from harness.addresses import Addresses
from harness.clients import Clients
from harness.configuration import Configuration
from harness.creation import Creation, DeploymentError
from harness.lookups import LOOKUPS
from harness.progress import ShowStep
from harness.project import PROJECT
from harness.resources import RESOURCES

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"


@dataclass(frozen=True)
class Deployed:
    """What a deployment has made."""

    outputs: dict[str, Any]
    resources: int
    seconds: float
    """What it took to make everything, without the time in which only the endpoint's container was waited for."""

    endpoint_seconds: float
    """From the call that created the endpoint until it was in service."""


class Emulated(Mocks):
    """Makes each resource of the program in the emulators; called from several threads at once."""

    def __init__(self, clients: Clients, show: ShowStep) -> None:
        self.finished_at: dict[str, float] = {}
        self.endpoint_started_at = 0.0
        self._clients = clients
        self._show = show

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return "", {}
        if args.typ not in RESOURCES:
            raise DeploymentError(
                f"{args.typ} {args.name!r}: the local stack does not know this type. Add it to harness/resources.py."
            )
        if args.typ == ENDPOINT:
            self.endpoint_started_at = time.monotonic()
        creation = Creation(args.typ, args.name, args.inputs, self._clients)
        id_, outputs = RESOURCES[args.typ](creation)
        creation.finish()
        self.finished_at[f"{args.typ} {args.name}"] = time.monotonic()
        self._show("deploying", f"{len(self.finished_at)} resources, {args.typ.split(':')[-1]} {args.name}")
        return id_, args.inputs | outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in LOOKUPS:
            raise DeploymentError(
                f"{args.token}: the local stack does not know this data source. Add it to harness/lookups.py."
            )
        arguments = {key: value for key, value in args.args.items() if value is not None}
        answer = LOOKUPS[args.token](arguments, self._clients)
        if arguments:
            raise DeploymentError(f"{args.token}: the local stack ignores the arguments {', '.join(arguments)}.")
        return answer, []


def preload() -> None:
    """Import the SDK's class of every resource type in the table.

    That takes two seconds, which can pass while the emulators start.
    """
    for type_ in RESOURCES:
        service, resource = type_.removeprefix("aws:").split("/")[0], type_.split(":")[-1]
        module = importlib.import_module(f"pulumi_aws.{service}{'_' if keyword.iskeyword(service) else ''}")
        getattr(module, resource)  # the SDK loads a module when something of it is asked for


def deploy(configuration: Configuration, addresses: Addresses, show: ShowStep) -> Deployed:
    """Run the program for one stack against empty emulators.

    :raises DeploymentError: where the program is wrong, or an emulator refuses a resource.
    """
    os.chdir(PROJECT)  # as the Pulumi CLI does: the program's paths are relative to it
    emulated = Emulated(Clients(addresses), show)
    started_at = time.monotonic()
    outputs = asyncio.run(_run_program(configuration, emulated))
    finished_at = emulated.finished_at
    in_service_at = max((at for name, at in finished_at.items() if name.startswith(ENDPOINT)), default=started_at)
    # What does not wait for the endpoint is made while its container starts, the rest after that.
    before = [at for name, at in finished_at.items() if at <= in_service_at and not name.startswith(ENDPOINT)]
    after = max(finished_at.values()) - in_service_at
    return Deployed(
        outputs=outputs,
        resources=len(emulated.finished_at),
        seconds=max(before, default=started_at) - started_at + after,
        endpoint_seconds=in_service_at - emulated.endpoint_started_at if emulated.endpoint_started_at else 0.0,
    )


async def _run_program(configuration: Configuration, emulated: Emulated) -> dict[str, Any]:
    errors = _Errors()
    set_mocks(emulated, project=configuration.project, stack=configuration.stack, preview=False, logger=errors)
    set_all_config(configuration.settings)
    # A resource that fails also fails every output that waits for it. The first error is raised here; asyncio's
    # reports of the others would only repeat it.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    await run_pulumi_func(lambda: _execute("__main__.py"))
    if errors.reported:
        raise DeploymentError("; ".join(errors.reported))
    exported = cast(Stack, get_root_resource()).outputs
    return {name: await pulumi.Output.from_input(value).future() for name, value in exported.items()}


class _Errors(logging.Logger):
    """Takes the program's log. As with the Pulumi CLI, an error that it reports fails the deployment."""

    def __init__(self) -> None:
        super().__init__("program", logging.ERROR)
        self.reported: list[str] = []

    def handle(self, record: logging.LogRecord) -> None:
        self.reported.append(record.getMessage())


def _execute(program: str) -> None:
    try:
        runpy.run_path(program, run_name="__main__")
    except pulumi.RunError as error:  # what a program raises for a user's mistake
        raise DeploymentError(str(error)) from None
