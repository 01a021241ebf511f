"""Runs the unchanged program with a stack's configuration, and keeps every resource as the engine would get it."""

import asyncio
import os
import runpy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from pulumi.runtime import MockResourceArgs, set_all_config, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.stack import run_pulumi_func

from harness.deployment import as_text, stack_settings
from harness.project import PROJECT
from tests.unit.recording import Recorder


@dataclass(frozen=True)
class Registered:
    """A resource that the program asked for."""

    type: str
    name: str
    urn: str
    parent: str
    properties: dict[str, Any]
    made_from: dict[str, list[str]]
    """URNs of the resources from whose outputs each property was made."""


@dataclass(frozen=True)
class Program:
    """What a stack is made of, and the settings of its AWS provider."""

    resources: list[Registered]
    provider: dict[str, str]


def run(stack: str, model: Path, changes: dict[str, str], preview: bool) -> Program:
    """Run the program for a stack.

    :param model: stands in for the model that the stack would deploy.
    :param changes: settings, without their namespace, that differ from the stack's.
    :param preview: with outputs that are not known yet.
    """
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    os.chdir(PROJECT)  # as the Pulumi CLI does: the program's paths are relative to it
    settings = {key: as_text(value) for key, value in stack_settings(project, stack).items()}
    settings |= {f"{project['name']}:{key}": value for key, value in changes.items()}
    settings[f"{project['name']}:modelArtifact"] = str(model)
    mocks = Planned() if preview else Recorder()
    engine = Engine(mocks)

    def execute() -> None:
        runpy.run_path("__main__.py", run_name="__main__")

    async def run_it() -> None:
        set_mocks(mocks, project=project["name"], stack=stack, preview=preview, monitor=engine)
        set_all_config(settings)
        await run_pulumi_func(execute)

    # In a thread of its own: Playwright, in whose session these tests may run, keeps a loop running in the main one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(run_it())).result()
    provider = {key.removeprefix("aws:"): value for key, value in settings.items() if key.startswith("aws:")}
    return Program(engine.registered, provider)


class Planned(Recorder):
    """Answers as at preview: what AWS would make up, such as ids and ARNs, is not known."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return None, args.inputs


class Engine(MockMonitor):
    """Keeps what is registered."""

    def __init__(self, mocks: Recorder) -> None:
        super().__init__(mocks)
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.custom:
            made_from = {key: list(value.urns) for key, value in request.propertyDependencies.items()}
            properties = json_format.MessageToDict(request.object)
            self.registered.append(
                Registered(request.type, request.name, response.urn, request.parent, properties, made_from)
            )
        return response
