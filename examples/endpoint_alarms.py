"""Alarms on a serverless endpoint that exists already."""

import pulumi

from components.endpoint_alarms import EndpointAlarms

alarms = EndpointAlarms(
    "alarms",
    {
        "endpoint_name": "cats-endpoint",
        "has_instances": False,
        "slowest_answer_seconds": 5,
        "actions": ["arn:aws:sns:eu-central-1:123456789012:on-call"],
    },
)
pulumi.export("alarms", alarms.rollback_alarms)
