"""A topic for alarms, and an alarm that uses it."""

import pulumi_aws as aws

from components.alarm_topic import AlarmTopic

topic = AlarmTopic("alarms", {"email": "someone@example.com"})
aws.cloudwatch.MetricAlarm(
    "queue-is-long",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": "photos"},
    statistic="Maximum",
    period=60,
    evaluation_periods=5,
    comparison_operator="GreaterThanThreshold",
    threshold=100,
    alarm_actions=[topic.arn],
)
