"""What the alarms of this project have in common."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

THREE_BAD_MINUTES_OF_FIVE: dict[str, Any] = {
    "comparison_operator": "GreaterThanThreshold",
    "evaluation_periods": 5,
    "datapoints_to_alarm": 3,
    # Nobody asked, so nothing went wrong.
    "treat_missing_data": "notBreaching",
}


def metric_alarm(
    name: str, runbook: str, actions: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions, **what: Any
) -> aws.cloudwatch.MetricAlarm:
    """Make an alarm that goes off after three bad minutes of five, and also tells when it is over.

    :param name: its name in Pulumi and in CloudWatch.
    :param runbook: what it means, and what to do: whoever reads it was woken up by it.
    :param actions: ARNs of the topics that are told.
    :param what: the metric and its threshold, as ``aws.cloudwatch.MetricAlarm`` calls them.
    """
    return aws.cloudwatch.MetricAlarm(
        name,
        name=name,
        alarm_description=runbook,
        alarm_actions=list(actions),
        ok_actions=list(actions),
        opts=opts,
        **(THREE_BAD_MINUTES_OF_FIVE | what),
    )
