"""The settings of the function. ``Pulumi.yaml`` says what each one means."""

from dataclasses import dataclass

from components.predict_function import LONGEST_TIMEOUT_SECONDS
from components.setting_reader import SettingReader

# An account's limit, unless AWS has raised it: Lambda always leaves 100 for the functions without a reservation.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
LARGEST_RESERVED_CONCURRENCY = 900


@dataclass(frozen=True)
class FunctionSettings:
    """What the function runs with."""

    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None
    tracing: bool

    @classmethod
    def read(cls, read: SettingReader) -> "FunctionSettings":
        """:raises SettingError: for the first setting that cannot work."""
        return cls(
            memory_mb=read.integer("functionMemoryMb", 128, 10_240),
            timeout_seconds=read.integer("functionTimeoutSeconds", 3, LONGEST_TIMEOUT_SECONDS),
            reserved_concurrency=read.integer("functionReservedConcurrency", 0, LARGEST_RESERVED_CONCURRENCY) or None,
            tracing=read.flag("tracing"),
        )
