"""What ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` say, as the Pulumi CLI would pass it on to the program."""

import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.addresses import REGION, Addresses
from harness.failure import Failure
from harness.project import PROJECT

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


class ConfigurationError(Failure):
    """There is no such stack, or its file cannot be used; the message says which, and why."""


@dataclass(frozen=True)
class Configuration:
    """One stack of a project."""

    project: str
    stack: str
    settings: dict[str, str]


def read(stack: str, addresses: Addresses, folder: Path = PROJECT) -> Configuration:
    """The stack's settings over the project's defaults.

    A stack for AWS, which does not say where SageMaker is, gets from the local one what says where things are here.

    :raises ConfigurationError: also for a setting that nothing would read.
    """
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    name, declared = project["name"], project["config"]
    file = folder / f"Pulumi.{stack}.yaml"
    values = {f"{name}:{key}": setting["default"] for key, setting in declared.items()}
    chosen = _chosen(file, name)
    for key, value in chosen.items():
        if key not in values and key not in PROVIDER_SETTINGS:
            raise ConfigurationError(
                f"{file.name}: nothing reads the setting {key}. Pulumi.yaml lists the ones there are."
            )
        if isinstance(value, dict) and "secure" in value:
            raise ConfigurationError(f"{file.name}: {key} is encrypted, and only the Pulumi CLI can read it.")
        values[key] = value
    if f"{name}:sagemakerRuntimeUrl" not in chosen:
        local = _chosen(folder / f"Pulumi.{LOCAL_STACK}.yaml", name)
        values |= {key: local[key] for setting in LOCAL_SETTINGS if (key := f"{name}:{setting}") in local}
    if values.setdefault("aws:region", REGION) != REGION:
        region = values["aws:region"]
        raise ConfigurationError(f"{file.name}: aws:region is {region!r}; the emulators are in {REGION} only.")
    return Configuration(name, stack, {key: _as_text(value, addresses) for key, value in values.items()})


def _chosen(file: Path, project: str) -> dict[str, Any]:
    """What a stack's file says, by the full names of the settings."""
    if not file.is_file():
        stacks = ", ".join(sorted(path.name.split(".")[1] for path in file.parent.glob("Pulumi.*.yaml")))
        stack = file.name.split(".")[1]
        raise ConfigurationError(f"there is no stack {stack!r}: {file.name} does not exist. Stacks: {stacks}")
    try:
        chosen = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
        return {key if ":" in key else f"{project}:{key}": value for key, value in chosen.items()}
    except (yaml.YAMLError, AttributeError) as error:
        raise ConfigurationError(f"{file.name} is not a stack's configuration: {error}") from None


def _as_text(value: Any, addresses: Addresses) -> str:
    # YAML makes dates of what looks like one; the program's settings are texts.
    text = str(value) if isinstance(value, str | datetime.date) else json.dumps(value, default=str)
    return re.sub(r"http://[^\s\"]+", lambda url: addresses.relocate(url[0]), text)
