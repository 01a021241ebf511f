"""Deployment without the Pulumi CLI: the unchanged program, run in this process, against the emulators.

The SDK's hook for tests, ``set_mocks``, hands every resource of the program to :class:`Emulated`, which makes
it for real and returns its real outputs. https://www.pulumi.com/docs/iac/guides/testing/unit/
"""

import asyncio
import datetime
import importlib
import json
import keyword
import logging
import os
import re
import runpy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml
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
from harness.clients import REGION, Clients
from harness.creation import Creation, DeploymentError
from harness.lookups import LOOKUPS
from harness.progress import ShowStep
from harness.project import PROJECT
from harness.resources import RESOURCES

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
# Where things are on a laptop, whichever stack for AWS is tried out there.
LOCAL_STACK = "local"
LOCAL_SETTINGS = ("apiOrigins", "pageUrl", "sagemakerRuntimeUrl", "samples", "trustPageOrigin")
# Settings of the AWS provider that are true here anyway, or that say what is: emulators, and where they are.
PROVIDER_SETTINGS = {
    "aws:accessKey",
    "aws:endpoints",
    "aws:region",
    "aws:s3UsePathStyle",
    "aws:secretKey",
    "aws:skipCredentialsValidation",
    "aws:skipMetadataApiCheck",
}


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


def deploy(stack: str, addresses: Addresses, show: ShowStep) -> Deployed:
    """Run the program for one stack against empty emulators.

    :raises DeploymentError: where the program or a setting is wrong, or an emulator refuses a resource.
    """
    os.chdir(PROJECT)  # as the Pulumi CLI does: the program's paths are relative to it
    project = yaml.safe_load(Path("Pulumi.yaml").read_text())
    emulated = Emulated(Clients(addresses), show)
    started_at = time.monotonic()
    outputs = asyncio.run(_run_program(project["name"], stack, _configuration(project, stack, addresses), emulated))
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


def _configuration(project: dict[str, Any], stack: str, addresses: Addresses) -> dict[str, str]:
    """The stack's settings over the project's defaults, as the Pulumi CLI would pass them on.

    A stack for AWS, which does not say where SageMaker is, gets from the local one what says where things are here.

    :raises DeploymentError: for a setting that nothing would read.
    """
    name, declared = project["name"], project["config"]
    file = Path(f"Pulumi.{stack}.yaml")
    values = {f"{name}:{key}": setting["default"] for key, setting in declared.items()}
    chosen = _read_configuration(file, name)
    for key, value in chosen.items():
        if key not in values and key not in PROVIDER_SETTINGS:
            raise DeploymentError(f"{file}: nothing reads the setting {key}. Pulumi.yaml lists the ones there are.")
        if isinstance(value, dict) and "secure" in value:
            raise DeploymentError(f"{file}: {key} is encrypted, and only the Pulumi CLI can read it.")
        values[key] = value
    if f"{name}:sagemakerRuntimeUrl" not in chosen:
        local = _read_configuration(Path(f"Pulumi.{LOCAL_STACK}.yaml"), name)
        values |= {key: local[key] for setting in LOCAL_SETTINGS if (key := f"{name}:{setting}") in local}
    if values.setdefault("aws:region", REGION) != REGION:
        raise DeploymentError(f"{file}: aws:region is {values['aws:region']!r}; the emulators are in {REGION} only.")
    return {key: _as_text(value, addresses) for key, value in values.items()}


def _read_configuration(file: Path, project: str) -> dict[str, Any]:
    """What a stack's file says, by the full names of the settings."""
    if not file.is_file():
        known = ", ".join(sorted(path.name.split(".")[1] for path in Path().glob("Pulumi.*.yaml")))
        raise DeploymentError(f"there is no stack {file.name.split('.')[1]!r}: {file} does not exist. Stacks: {known}")
    try:
        chosen = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
        return {key if ":" in key else f"{project}:{key}": value for key, value in chosen.items()}
    except (yaml.YAMLError, AttributeError) as error:
        raise DeploymentError(f"{file} is not a stack's configuration: {error}") from None


def _as_text(value: Any, addresses: Addresses) -> str:
    # YAML makes dates of what looks like one; the program's settings are texts.
    text = str(value) if isinstance(value, str | datetime.date) else json.dumps(value, default=str)
    return re.sub(r"http://[^\s\"]+", lambda url: addresses.relocate(url[0]), text)


async def _run_program(project: str, stack: str, config: dict[str, str], emulated: Emulated) -> dict[str, Any]:
    errors = _Errors()
    set_mocks(emulated, project=project, stack=stack, preview=False, logger=errors)
    set_all_config(config)
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
