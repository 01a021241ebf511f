"""Alarms on an API and its function, which exist already."""

from components.request_alarms import RequestAlarms

RequestAlarms(
    "alarms",
    {
        "prefix": "cats",
        "api_id": "a1b2c3d4",
        "function_name": "cats-predict",
        "highest_error_percentage": 1,
        "slowest_answer_seconds": 10,
        "actions": ["arn:aws:sns:eu-central-1:123456789012:on-call"],
    },
)
