"""The settings of what goes on when everything runs. ``Pulumi.yaml`` says what each one means."""

import re
from dataclasses import dataclass

from components.setting_reader import SettingReader

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


@dataclass(frozen=True)
class OperationSettings:
    """Who is told what, and what outlives the stack."""

    alarm_email: str | None
    slowest_answer_seconds: float
    highest_error_percentage: float
    log_retention_days: int
    keep_data: bool

    @classmethod
    def read(cls, read: SettingReader) -> "OperationSettings":
        """:raises SettingError: for the first setting that cannot work."""
        return cls(
            alarm_email=read.optional_text(
                "alarmEmail", lambda value: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value), "an e-mail address"
            ),
            slowest_answer_seconds=read.number("alarmLatencySeconds", 0.1, 30),
            highest_error_percentage=read.number("alarmErrorPercentage", 0, 100),
            log_retention_days=int(read.choice("logRetentionDays", *map(str, DAYS))),
            keep_data=read.flag("keepData"),
        )
