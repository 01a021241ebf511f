"""The function's configuration: read and checked once, when an execution environment starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from .guarded_fetch import parse_host, parse_origin


class SettingError(ValueError):
    """A setting is missing or unusable. The message names it and what it should be."""


class Settings(NamedTuple):
    """What the environment variables of the function say, and a file beside its code.

    endpoint_name: ENDPOINT_NAME, the SageMaker endpoint to ask.
    runtime_url: AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME, or None for the one of the region on AWS. The general
        AWS_ENDPOINT_URL does not count: MiniStack sets it in every function and has no SageMaker itself.
    region: AWS_REGION, which Lambda sets.
    model_name: MODEL_NAME, as JSON answers report it.
    labels: labels.json, a JSON list with the name of each class, in the order of the model's logits. It is a file
        because a thousand names do not fit into the 4 KB that Lambda has for environment variables.
    answer_template: ANSWER_TEMPLATE, the sentence of text answers; `{label}` is replaced.
    max_image_bytes: MAX_IMAGE_BYTES.
    trusted_image_origins: TRUSTED_IMAGE_ORIGINS, separated by spaces: see guarded_fetch.
    allowed_image_hosts: ALLOWED_IMAGE_HOSTS, separated by spaces, none for every host: see guarded_fetch.
    """

    endpoint_name: str
    runtime_url: str | None
    region: str
    model_name: str
    labels: tuple[str, ...]
    answer_template: str
    max_image_bytes: int
    trusted_image_origins: tuple[str, ...]
    allowed_image_hosts: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str], folder: Path) -> Settings:
        """Raises SettingError."""
        return cls(
            endpoint_name=_required(environment, "ENDPOINT_NAME"),
            runtime_url=_runtime_url(environment.get("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME")),
            region=_required(environment, "AWS_REGION"),
            model_name=_required(environment, "MODEL_NAME"),
            labels=_labels(folder / "labels.json"),
            answer_template=_answer_template(_required(environment, "ANSWER_TEMPLATE")),
            max_image_bytes=_positive_integer("MAX_IMAGE_BYTES", environment.get("MAX_IMAGE_BYTES", "4000000")),
            trusted_image_origins=_list(environment, "TRUSTED_IMAGE_ORIGINS", parse_origin),
            allowed_image_hosts=_list(environment, "ALLOWED_IMAGE_HOSTS", parse_host),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingError(f"{name} is not set. Add it to the environment variables of the function.")
    return value


def _runtime_url(text: str | None) -> str | None:
    if not text:
        return None
    if not text.startswith(("http://", "https://")):
        raise SettingError(f"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME must be an http or https URL, not {text!r}.")
    return text.rstrip("/")


def _labels(file: Path) -> tuple[str, ...]:
    try:
        labels = json.loads(file.read_bytes())
    except OSError as error:
        raise SettingError(f"labels.json cannot be read: {error}. It belongs beside {file.parent}/app.py.") from None
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not labels or not all(isinstance(x, str) and x for x in labels):
        raise SettingError('labels.json must be a JSON list of strings such as ["cat", "dog"].')
    if len(set(labels)) < len(labels):
        raise SettingError("labels.json names a class twice.")
    return tuple(labels)


def _answer_template(text: str) -> str:
    try:
        if "<label>" in text.format(label="<label>"):
            return text
    except (LookupError, ValueError, AttributeError):
        pass
    raise SettingError(f'ANSWER_TEMPLATE must be a sentence such as "It is a {{label}}", not {text!r}.')


def _positive_integer(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise SettingError(f"{name} must be a whole number greater than 0, not {text!r}.")
    return int(text)


def _list(environment: Mapping[str, str], name: str, parse: Callable[[str], object]) -> tuple[str, ...]:
    items = tuple(environment.get(name, "").split())
    for item in items:
        try:
            parse(item)
        except ValueError as error:
            raise SettingError(f"{name}: {error}.") from None
    return items
