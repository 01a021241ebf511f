"""The SageMaker endpoint that serves the model."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.service_role import ServiceRole


class InferenceEndpointArgs(TypedDict):
    """What an :class:`InferenceEndpoint` is made from."""

    endpoint_name: str
    """Name that clients call; it stays the same when the model changes."""

    model_url: pulumi.Input[str]
    """``s3://`` URL of the ``model.tar.gz``."""

    model_arn: pulumi.Input[str]
    """ARN, which may end in a wildcard, of the objects that the endpoint may read."""

    image_tag: str
    """Tag of AWS's PyTorch inference container image."""

    instance_type: str
    """For example ``ml.m5.large``."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Further environment variables of the container."""


class InferenceEndpoint(pulumi.ComponentResource):
    """A real-time endpoint with one production variant, behind a name that does not change.

    SageMaker's models and endpoint configurations are immutable. A new artifact, image or variable makes new
    ones under new generated names, ``UpdateEndpoint`` rolls over to them, and only then the old ones go.
    """

    arn: pulumi.Output[str]
    """ARN of the endpoint. It is known before the endpoint is in service, so that nothing waits for that."""

    def __init__(self, name: str, args: InferenceEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:InferenceEndpoint", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        invoke = pulumi.InvokeOptions(parent=self)
        image = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="pytorch-inference", image_tag=args["image_tag"], opts=invoke
        )
        here = pulumi.Output.format(
            "{0}:{1}",
            aws.get_region_output(opts=invoke).region,
            aws.get_caller_identity_output(opts=invoke).account_id,
        )
        partition = aws.get_partition_output(opts=invoke).partition
        self.arn = pulumi.Output.format("arn:{0}:sagemaker:{1}:endpoint/{2}", partition, here, args["endpoint_name"])

        role = ServiceRole(
            name,
            {
                "service": "sagemaker.amazonaws.com",
                "statements": [
                    {"actions": ["s3:GetObject"], "resources": [args["model_arn"]]},
                    {
                        "actions": [
                            "logs:CreateLogGroup",
                            "logs:CreateLogStream",
                            "logs:DescribeLogStreams",
                            "logs:PutLogEvents",
                        ],
                        "resources": [
                            pulumi.Output.format(
                                "arn:{0}:logs:{1}:log-group:/aws/sagemaker/Endpoints/{2}:*",
                                partition,
                                here,
                                args["endpoint_name"],
                            )
                        ],
                    },
                    {
                        "actions": [
                            "ecr:BatchCheckLayerAvailability",
                            "ecr:BatchGetImage",
                            "ecr:GetDownloadUrlForLayer",
                        ],
                        # AWS keeps its images in accounts of its own, which differ by region.
                        "resources": [pulumi.Output.format("arn:{0}:ecr:*:*:repository/pytorch-inference", partition)],
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
                ],
            },
            opts=child,
        )
        model = aws.sagemaker.Model(
            name,
            execution_role_arn=role.arn,
            primary_container={
                "image": image.registry_path,
                "model_data_url": args["model_url"],
                "environment": {
                    # Where AWS's container finds the code that is inside the artifact:
                    # https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                    **args.get("environment", {}),
                },
            },
            opts=child,
        )
        configuration = aws.sagemaker.EndpointConfiguration(
            name,
            production_variants=[
                {
                    "variant_name": "AllTraffic",
                    "model_name": model.name,
                    "instance_type": args["instance_type"],
                    "initial_instance_count": 1,
                }
            ],
            opts=child,
        )
        aws.sagemaker.Endpoint(
            name,
            name=args["endpoint_name"],
            endpoint_config_name=configuration.name,
            opts=child,
        )
        self.register_outputs({"arn": self.arn})
