"""An IAM role for one AWS service."""

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class Statement(TypedDict):
    """One permission: these actions on these resources."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    condition: NotRequired[Mapping[str, Mapping[str, str]]]
    reason: NotRequired[str]
    """Why an action has a ``*``, or a resource is ``*``; required then."""


class ServiceRoleArgs(TypedDict):
    """What a :class:`ServiceRole` is made from."""

    service: str
    """Principal that assumes the role, for example ``lambda.amazonaws.com``."""

    statements: Sequence[Statement]
    """Everything that the role may do."""


class ServiceRole(pulumi.ComponentResource):
    """A role that one AWS service can assume, and that may do exactly what its statements say.

    :raises ValueError: for a statement that allows everything of a kind without a reason.
    """

    arn: pulumi.Output[str]
    """ARN of the role. Whoever uses it waits until the role has its permissions."""

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:ServiceRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for statement in args["statements"]:
            _require_reason(statement)
        role = aws.iam.Role(
            name,
            assume_role_policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": args["service"]},
                        }
                    ],
                }
            ),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": list(statement["actions"]),
                            "Resource": list(statement["resources"]),
                            **({"Condition": statement["condition"]} if "condition" in statement else {}),
                        }
                        for statement in args["statements"]
                    ],
                }
            ),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda outputs: str(outputs[0]))
        self.register_outputs({"arn": self.arn})


def _require_reason(statement: Statement) -> None:
    wildcard = any("*" in action for action in statement["actions"]) or "*" in [
        resource for resource in statement["resources"] if isinstance(resource, str)
    ]
    if wildcard and not statement.get("reason"):
        raise ValueError(f"{', '.join(statement['actions'])}: a statement with a * must give its reason")
