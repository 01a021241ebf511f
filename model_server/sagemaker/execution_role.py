"""What SageMaker does with a model's execution role. Used where IAM is enforced.

SageMaker assumes the role to fetch the image and the model data, to write logs and metrics, and, where the endpoint
configuration says so, to record requests and to encrypt volumes; the container then acts under it as well. The
stand-in assumes it for the model data and the container. It has no image to fetch, writes logs and metrics elsewhere,
records and encrypts nothing: there it asks IAM whether the role would be allowed to.
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createmodel-perms
"""

import re

from model_server.sagemaker import iam
from model_server.sagemaker.deployment import Deployment

_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.[^/]+/(?P<repository>[^:@]+)")
_METRICS = {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}


class RoleRefused(Exception):
    """The role cannot be used for the endpoint. The message is fit for an endpoint's FailureReason."""


def act_as(deployment: Deployment, endpoint_name: str) -> iam.Credentials:
    """Assume the role of the deployment's model, if it may do all that an endpoint needs.

    Raises:
        RoleRefused: naming what the role lacks.
    """
    from botocore.exceptions import ClientError

    arn = deployment.execution_role_arn
    try:
        credentials = iam.assume(arn)
    except ClientError as error:
        raise RoleRefused(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
            f"'sagemaker.amazonaws.com' to assume the role. ({error})"
        ) from error
    try:
        _require_permissions(deployment, endpoint_name)
    except iam.NotAllowed as refused:
        raise RoleRefused(f"AccessDenied: {refused}") from refused
    return credentials


def _require_permissions(deployment: Deployment, endpoint_name: str) -> None:
    role = deployment.execution_role_arn
    partition, account, region = role.split(":")[1], role.split(":")[4], deployment.region
    if image := _IMAGE.match(deployment.container["Image"]):
        pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
        repository = f"arn:{partition}:ecr:{image['region']}:{image['account']}:repository/{image['repository']}"
        iam.require(role, ["ecr:GetAuthorizationToken"], "*")
        iam.require(role, pull, repository)
    write = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    # CloudWatch Logs checks all of them against the ARN of a stream, whose name may be empty.
    group = f"arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{endpoint_name}"
    iam.require(role, write, f"{group}:log-stream:")
    iam.require(role, ["cloudwatch:PutMetricData"], "*", _METRICS)
    if destination := deployment.capture_destination:
        # Under which keys: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
        records = f"{destination.removeprefix('s3://').rstrip('/')}/{endpoint_name}/{deployment.variant_name}/"
        iam.require(role, ["s3:PutObject"], f"arn:{partition}:s3:::{records}")
    if key := deployment.volume_key:
        # "The SageMaker execution role must have kms:CreateGrant permission in order to encrypt data on the storage
        # volume of the endpoints": VolumeKmsKeyId in
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RecommendationJobInputConfig.html
        # A key's id means a key of this account and region; what is behind an alias is not looked up.
        iam.require(
            role, ["kms:CreateGrant"], key if ":" in key else f"arn:{partition}:kms:{region}:{account}:key/{key}"
        )
    # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    for alarm in deployment.rollback_alarms:
        iam.require(role, ["cloudwatch:DescribeAlarms"], f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}")
