"""Whom the alarms tell."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class AlarmTopicArgs(TypedDict):
    """What an :class:`AlarmTopic` is made from."""

    email: NotRequired[str | None]
    """Address that gets the alarms, once its owner has followed the link in AWS's first mail."""


class AlarmTopic(pulumi.ComponentResource):
    """An SNS topic that CloudWatch alarms of this account may publish to, and nobody else."""

    arn: pulumi.Output[str]
    """ARN of the topic, for alarms' actions. Whoever uses it waits until alarms may publish."""

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, opts=child)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id
        policy = aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudwatch.amazonaws.com"},
                            "Action": "sns:Publish",
                            "Resource": topic.arn,
                            "Condition": {"StringEquals": {"AWS:SourceAccount": account}},
                        }
                    ],
                }
            ),
            opts=child,
        )
        if email := args.get("email"):
            aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda outputs: str(outputs[0]))
        self.register_outputs({"arn": self.arn})
