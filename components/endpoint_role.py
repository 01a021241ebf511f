"""What SageMaker may do on behalf of an endpoint."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

from components.arn import arn
from components.endpoint_configuration import RealTimeArgs
from components.service_role import ServiceRole, Statement


class EndpointRoleArgs(TypedDict):
    """What an :class:`EndpointRole` is made from."""

    endpoint_name: str
    """Name of the endpoint."""

    model_arn: pulumi.Input[str]
    """ARN, which may end in a wildcard, of the artifacts that the endpoint may read."""

    repository_arn: pulumi.Input[str]
    """ARN of the ECR repository with the container image."""

    real_time: NotRequired[RealTimeArgs | None]
    """What SageMaker also does for an endpoint on instances: watch alarms, record requests, encrypt volumes."""


class EndpointRole(pulumi.ComponentResource):
    """The execution role of an endpoint: read the model, pull the image, write logs and metrics, and no more."""

    arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(self, name: str, args: EndpointRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:EndpointRole", name, None, opts)
        role = ServiceRole(
            name,
            {"service": "sagemaker.amazonaws.com", "statements": self._statements(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})

    def _statements(self, args: EndpointRoleArgs) -> list[Statement]:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms"""
        log_groups = arn(self, "logs", "log-group:/aws/sagemaker/Endpoints/{0}:*", args["endpoint_name"])
        statements: list[Statement] = [
            {"actions": ["s3:GetObject"], "resources": [args["model_arn"]]},
            {
                "actions": [
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "resources": [log_groups],
            },
            {
                "actions": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "resources": [args["repository_arn"]],
            },
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
            {
                "actions": ["ecr:GetAuthorizationToken"],
                "resources": ["*"],
                "reason": "the action knows no resource: a token is for the whole registry",
            },
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
            {
                "actions": ["cloudwatch:PutMetricData"],
                "resources": ["*"],
                "reason": "the action knows no resource: the namespace is what limits it",
                "condition": {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}},
            },
        ]
        return [*statements, *self._statements_for_instances(args.get("real_time"))]

    def _statements_for_instances(self, real_time: RealTimeArgs | None) -> Iterator[Statement]:
        if real_time is None:
            return
        if alarms := real_time.get("rollback_alarms"):
            # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
            yield {
                "actions": ["cloudwatch:DescribeAlarms"],
                "resources": [arn(self, "cloudwatch", "alarm:{0}", alarm) for alarm in alarms],
            }
        if capture := real_time.get("capture"):
            # https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
            yield {"actions": ["s3:PutObject"], "resources": [capture["arn"]]}
        if key_arn := real_time.get("key_arn"):
            # VolumeKmsKeyId says what encrypting an endpoint's volumes takes:
            # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RecommendationJobInputConfig.html
            yield {"actions": ["kms:CreateGrant"], "resources": [key_arn]}
