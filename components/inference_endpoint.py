"""The SageMaker endpoint that serves the model."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.arn import arn
from components.choice import require_one
from components.container_image import ImageArgs, prebuilt_image
from components.endpoint_configuration import VARIANT, EndpointConfiguration, RealTimeArgs, ServerlessArgs, is_guarded
from components.endpoint_role import EndpointRole
from components.rollout import blue_green


class InferenceEndpointArgs(TypedDict):
    """What an :class:`InferenceEndpoint` is made from.

    One of ``image_tag`` and ``image`` says what runs, one of ``serverless`` and ``real_time`` on what.
    """

    endpoint_name: str
    """Name that clients call; it stays the same when the model changes."""

    model_url: pulumi.Input[str]
    """``s3://`` URL of the ``model.tar.gz``."""

    model_arn: pulumi.Input[str]
    """ARN, which may end in a wildcard, of the objects that the endpoint may read."""

    image_tag: NotRequired[str | None]
    """Tag of AWS's PyTorch inference image. Its registry is another in each region, and is looked up."""

    image: NotRequired[ImageArgs | None]
    """An image of one's own."""

    serverless: NotRequired[ServerlessArgs | None]
    """For SageMaker Serverless Inference."""

    real_time: NotRequired[RealTimeArgs | None]
    """For instances that run all the time."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Further environment variables of the container."""

    log_retention_days: NotRequired[int]
    """Days for which the container's logs are kept; 30 unless said otherwise."""

    keep_data: NotRequired[bool]
    """Whether the logs stay when the endpoint is destroyed."""


class InferenceEndpoint(pulumi.ComponentResource):
    """An endpoint with one production variant, behind a name that does not change.

    SageMaker's models and endpoint configurations are immutable. A new artifact, image or variable makes new
    ones under new generated names, ``UpdateEndpoint`` rolls over to them, and only then the old ones go.
    """

    arn: pulumi.Output[str]
    """ARN of the endpoint. It is known before the endpoint is in service, so that nothing waits for that."""

    scalable_variant: pulumi.Output[str]
    """What Application Auto Scaling calls the production variant; known when the endpoint is in service."""

    def __init__(self, name: str, args: InferenceEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:InferenceEndpoint", name, None, opts)
        real_time, component = args.get("real_time"), f"InferenceEndpoint {name!r}"
        require_one(component, image_tag=args.get("image_tag"), image=args.get("image"))
        require_one(component, real_time=real_time, serverless=args.get("serverless"))
        child = pulumi.ResourceOptions(parent=self)
        self.arn = arn(self, "sagemaker", "endpoint/{0}", args["endpoint_name"])
        image = args.get("image") or prebuilt_image(self, args.get("image_tag"))
        role = EndpointRole(
            name,
            {
                "endpoint_name": args["endpoint_name"],
                "model_arn": args["model_arn"],
                "repository_arn": image["repository_arn"],
                "real_time": real_time,
            },
            opts=child,
        )
        isolated = real_time is not None and real_time.get("network_isolation", False)
        model = aws.sagemaker.Model(
            name,
            execution_role_arn=role.arn,
            enable_network_isolation=isolated,
            primary_container={
                "image": image["uri"],
                "model_data_url": args["model_url"],
                "environment": {
                    # Where AWS's container finds the code that is inside the artifact:
                    # https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                    # AWS's container has a worker for each core, and each would have as many threads:
                    # https://github.com/aws/sagemaker-pytorch-inference-toolkit/issues/123
                    "OMP_NUM_THREADS": "1",
                    # SageMaker does not tell the container, which could then only say that a name was not found.
                    **({"SAGEMAKER_NETWORK_ISOLATION": "true"} if isolated else {}),
                    **args.get("environment", {}),
                },
            },
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=is_guarded(real_time) or None),
        )
        configuration = EndpointConfiguration(
            name,
            {"model_name": model.name, "serverless": args.get("serverless"), "real_time": real_time},
            opts=child,
        )
        # Made here and not by SageMaker, which would keep the logs forever.
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/sagemaker/Endpoints/{args['endpoint_name']}",
            retention_in_days=args.get("log_retention_days", 30),
            skip_destroy=args.get("keep_data", False),
            opts=child,
        )
        endpoint = aws.sagemaker.Endpoint(
            name,
            name=args["endpoint_name"],
            endpoint_config_name=configuration.config_name,
            deployment_config=blue_green(real_time) if real_time else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_group]),
        )
        self.scalable_variant = pulumi.Output.format("endpoint/{0}/variant/{1}", endpoint.name, VARIANT)
        self.register_outputs({"arn": self.arn, "scalableVariant": self.scalable_variant})
