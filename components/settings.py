"""The settings of the stack, typed and checked before anything is created.

Their names, types, defaults and descriptions stand once, in the config section of ``Pulumi.yaml``.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi

# Lambda takes 6 MB of event; base64 makes 4 bytes of 3, and the rest of the event needs room.
LARGEST_IMAGE_BYTES = 4_500_000

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB for all variables; some is for others.
LARGEST_LABELS_BYTES = 3_000


class SettingError(pulumi.RunError):
    """A setting that cannot work; the message names it, its value and what is allowed."""


@dataclass(frozen=True)
class Sample:
    """An image that the page offers: what the visitor reads, and its URL, which may be relative to the page."""

    label: str
    url: str


@dataclass(frozen=True)
class Settings:
    """What a stack may choose. See ``Pulumi.yaml`` for what each one means."""

    name: str
    title: str
    model_artifact: Path
    labels: tuple[str, ...]
    answer_template: str
    samples: tuple[Sample, ...]
    translations: dict[str, dict[str, str]]
    """By language, then by text."""

    image_size: int
    instance_type: str
    inference_image_tag: str
    max_image_bytes: int
    page_url: str
    api_origins: str
    trust_page_origin: bool
    sagemaker_runtime_url: str

    @classmethod
    def load(cls, config: pulumi.Config) -> "Settings":
        """Read the stack's configuration.

        :raises SettingError: naming the first setting that cannot work.
        """
        return cls(
            name=_checked(config, "name", _is_name, "3 to 40 lower-case letters, digits and inner hyphens"),
            title=_checked(config, "title", bool, "a text"),
            model_artifact=Path(
                _checked(
                    config,
                    "modelArtifact",
                    lambda path: Path(path).is_file(),
                    "an existing file; `make model` or `python -m model_server.package` makes one",
                )
            ),
            labels=_labels(config),
            answer_template=_checked(
                config, "answerTemplate", _is_answer_template, "a sentence with {label} and no other braces"
            ),
            samples=_samples(config),
            translations=_translations(config),
            image_size=_integer(config, "imageSize", 32, 4096),
            instance_type=_checked(
                config,
                "instanceType",
                lambda value: re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9]+", value),
                "a SageMaker instance type such as ml.m5.large",
            ),
            inference_image_tag=_checked(
                config,
                "inferenceImageTag",
                lambda value: re.fullmatch(r"[\w][\w.-]{0,127}", value),
                "a tag of AWS's pytorch-inference image",
            ),
            max_image_bytes=_integer(config, "maxImageBytes", 1, LARGEST_IMAGE_BYTES),
            page_url=_checked(
                config, "pageUrl", _is_page_url, "an http(s) origin with {domain} or {label}, without a path"
            ),
            api_origins=_checked(
                config,
                "apiOrigins",
                _is_origin_pattern,
                "an http(s) origin such as https://*.example.com, without a path",
            ),
            trust_page_origin=config.require_bool("trustPageOrigin"),
            sagemaker_runtime_url=_checked(
                config,
                "sagemakerRuntimeUrl",
                lambda url: url == "" or urlsplit(url).scheme in ("http", "https"),
                "an http(s) URL, or empty for AWS",
            ),
        )


def _checked(config: pulumi.Config, key: str, is_allowed: Callable[[str], object], allowed: str) -> str:
    value = config.require(key)
    if not is_allowed(value):
        raise SettingError(f"{config.name}:{key} is {value!r}; it must be {allowed}")
    return value


def _integer(config: pulumi.Config, key: str, smallest: int, largest: int) -> int:
    value = config.require_int(key)
    if not smallest <= value <= largest:
        raise SettingError(f"{config.name}:{key} is {value}; it must be from {smallest} to {largest}")
    return value


def _labels(config: pulumi.Config) -> tuple[str, ...]:
    value = _object(config, "labels")
    if not _is_texts(value) or len(value) < 2:
        raise SettingError(f"{config.name}:labels is {value!r}; it must be a list of two or more texts")
    if len(set(value)) != len(value):
        raise SettingError(f"{config.name}:labels is {value!r}; each text must stand there only once")
    if len(json.dumps(value)) > LARGEST_LABELS_BYTES:
        raise SettingError(
            f"{config.name}:labels has {len(json.dumps(value))} bytes as JSON; it must have at most "
            f"{LARGEST_LABELS_BYTES}, because a Lambda function's environment holds 4 KB"
        )
    return tuple(value)


def _samples(config: pulumi.Config) -> tuple[Sample, ...]:
    value = _object(config, "samples")
    if not (isinstance(value, list) and value and all(_is_texts(pair) and len(pair) == 2 for pair in value)):
        raise SettingError(f"{config.name}:samples is {value!r}; it must be a list of [text, URL] pairs")
    return tuple(Sample(label, url) for label, url in value)


def _translations(config: pulumi.Config) -> dict[str, dict[str, str]]:
    value = _object(config, "translations")
    if not (isinstance(value, list) and all(_is_texts(triple) and len(triple) == 3 for triple in value)):
        raise SettingError(
            f"{config.name}:translations is {value!r}; it must be a list of [language, text, translation]"
        )
    translations: dict[str, dict[str, str]] = {}
    for language, text, translation in value:
        if not re.fullmatch(r"[a-z]{2,3}", language):
            raise SettingError(
                f"{config.name}:translations has the language {language!r}; it must be a code such as de"
            )
        if _is_answer_template(text) and not _is_answer_template(translation):
            raise SettingError(
                f"{config.name}:translations has {translation!r} for {text!r}; it must be a sentence with {{label}} "
                "and no other braces, too"
            )
        translations.setdefault(language, {})[text] = translation
    return translations


def _object(config: pulumi.Config, key: str) -> Any:
    try:
        return config.require_object(key)
    except pulumi.ConfigTypeError:
        raise SettingError(f"{config.name}:{key} is {config.require(key)!r}; it must be a list") from None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _is_name(value: str) -> bool:
    return re.fullmatch(r"[a-z0-9]([a-z0-9-]{1,38})[a-z0-9]", value) is not None


def _is_answer_template(value: str) -> bool:
    # No other braces: the function fills the sentence in Python, the page in JavaScript, and both must agree.
    return "{label}" in value and not set("{}") & set(value.replace("{label}", ""))


def _is_page_url(value: str) -> bool:
    filled = value.replace("{domain}", "domain").replace("{label}", "label")
    try:
        url = urlsplit(filled)
    except ValueError:
        return False
    return (
        url.scheme in ("http", "https")
        and filled != value
        and not (url.path or url.query or url.fragment)
        and not set("{}") & set(filled)
    )


def _is_origin_pattern(value: str) -> bool:
    filled = value.replace("{region}", "region")
    return re.fullmatch(r"https?://(\*\.)?[a-z0-9.-]+(:\d+)?", filled) is not None
