"""Reads settings, and refuses those that cannot work, before anything is created."""

import re
from collections.abc import Callable
from typing import Any

import pulumi


class SettingError(pulumi.RunError):
    """A setting that cannot work; the message names it, its value and what is allowed."""


class SettingReader:
    """The configuration of one stack, and the region of its resources."""

    def __init__(self, config: pulumi.Config) -> None:
        self._config = config
        self.region = pulumi.Config("aws").require("region")

    def text(self, key: str, is_allowed: Callable[[str], object], allowed: str) -> str:
        """A text.

        :param allowed: completes the sentence "it must be".
        :raises SettingError: when ``is_allowed`` says no.
        """
        value = self._config.require(key)
        if not is_allowed(value):
            raise self.error(key, value, allowed)
        return value

    def optional_text(self, key: str, is_allowed: Callable[[str], object], allowed: str) -> str | None:
        """A text, or None where the setting is empty."""
        return self.text(key, lambda value: value == "" or is_allowed(value), f"{allowed}, or empty") or None

    def choice(self, key: str, *choices: str) -> str:
        """One of a few words."""
        return self.text(key, lambda value: value in choices, f"one of {', '.join(choices)}")

    def integer(self, key: str, smallest: int, largest: int, step: int = 1) -> int:
        """A whole number from ``smallest`` to ``largest``, in steps."""
        value = self._config.require_int(key)
        if not (smallest <= value <= largest and (value - smallest) % step == 0):
            steps = "" if step == 1 else f", in steps of {step}"
            raise self.error(key, value, f"from {smallest} to {largest}{steps}")
        return value

    def number(self, key: str, smallest: float, largest: float) -> float:
        """A number from ``smallest`` to ``largest``."""
        value = self._config.require_float(key)
        if not smallest <= value <= largest:
            raise self.error(key, value, f"from {smallest:g} to {largest:g}")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._config.require_bool(key)

    def texts(self, key: str) -> list[str]:
        """A list of texts, which may be empty."""
        value = self._list(key)
        if not _are_texts(value):
            raise self.error(key, value, "a list of texts")
        return value

    def tuples(self, key: str, *names: str) -> list[list[str]]:
        """A list of lists of texts; ``names`` says what the texts of each are."""
        value = self._list(key)
        if not all(_are_texts(item) and len(item) == len(names) for item in value):
            raise self.error(key, value, f"a list of [{', '.join(names)}]")
        return value

    def _list(self, key: str) -> list[Any]:
        try:
            value = self._config.require_object(key)
        except pulumi.ConfigTypeError:
            value = None
        if not isinstance(value, list):
            raise self.error(key, self._config.require(key), "a list")
        return value

    def check_pair(self, key: str, value: object, other_key: str, other: object) -> None:
        """Refuse one of two settings that make sense only together."""
        if bool(value) != bool(other):
            key, missing = (key, other_key) if value else (other_key, key)
            raise self.refuse(key, f"it must stand beside {missing}, which is empty")

    def refuse(self, key: str, reason: str) -> SettingError:
        """The error for a setting that another one rules out."""
        return SettingError(f"{self._config.name}:{key} is {self._config.require(key)!r}; {reason}")

    def error(self, key: str, value: object, allowed: str) -> SettingError:
        """The error for a value that is not allowed."""
        return SettingError(f"{self._config.name}:{key} is {value!r}; it must be {allowed}")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def is_domain_name(value: str) -> bool:
    """Whether a text is a domain name with at least one dot."""
    return re.fullmatch(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", value) is not None


def is_arn(service: str, kind: str, region: str) -> Callable[[str], bool]:
    """Whether a text is the ARN of a resource of that service and kind, in that region."""
    pattern = re.compile(rf"arn:aws[a-z-]*:{service}:{region}:\d{{12}}:{kind}/[\w-]+")
    return lambda value: pattern.fullmatch(value) is not None
