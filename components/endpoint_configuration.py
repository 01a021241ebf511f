"""What an endpoint runs on, and what it records."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.choice import require_one

VARIANT = "AllTraffic"
"""Name of an endpoint's only production variant."""


class ServerlessArgs(TypedDict):
    """An endpoint that costs nothing while nobody asks it, and takes seconds to wake up.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    memory_mb: int
    """Memory, from which the share of CPU follows: 1024, 2048, 3072, 4096, 5120 or 6144."""

    max_concurrency: int
    """Requests at a time, 1 to 200; further ones are throttled."""


class CaptureArgs(TypedDict):
    """Recording of requests and answers. They may be personal data: say so to those who send them."""

    url: pulumi.Input[str]
    """``s3://`` URL of the folder for the records."""

    arn: pulumi.Input[str]
    """ARN of the objects in that folder, ending in a wildcard."""

    percentage: int
    """Share of the requests that is recorded, 1 to 100."""


class RealTimeArgs(TypedDict):
    """An endpoint on instances that run all the time."""

    instance_type: str
    """For example ``ml.m5.large``."""

    instance_count: int
    """Instances to begin with; autoscaling changes their number."""

    rollback_alarms: NotRequired[Sequence[pulumi.Input[str]]]
    """Names of alarms. If one goes off during a rollout, SageMaker returns to what served before."""

    key_arn: NotRequired[pulumi.Input[str] | None]
    """ARN of the KMS key for the instances' volumes; without it SageMaker uses its own."""

    capture: NotRequired[CaptureArgs | None]
    """Where requests and answers are recorded, if at all."""

    network_isolation: NotRequired[bool]
    """Whether the container has no network at all. It then takes images, but no URLs of images."""


class EndpointConfigurationArgs(TypedDict):
    """What an :class:`EndpointConfiguration` is made from. One of ``serverless`` and ``real_time`` is needed."""

    model_name: pulumi.Input[str]
    """Name of the SageMaker model."""

    serverless: NotRequired[ServerlessArgs | None]
    """For SageMaker Serverless Inference."""

    real_time: NotRequired[RealTimeArgs | None]
    """For instances that run all the time."""


class EndpointConfiguration(pulumi.ComponentResource):
    """An endpoint configuration with one production variant. It is immutable: a change makes another one beside it."""

    config_name: pulumi.Output[str]
    """Name of the endpoint configuration, generated anew for each."""

    def __init__(self, name: str, args: EndpointConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:EndpointConfiguration", name, None, opts)
        real_time, serverless = args.get("real_time"), args.get("serverless")
        require_one(f"EndpointConfiguration {name!r}", real_time=real_time, serverless=serverless)
        variant: aws.sagemaker.EndpointConfigurationProductionVariantArgsDict = {
            "variant_name": VARIANT,
            "model_name": args["model_name"],
        }
        if real_time:
            variant["instance_type"] = real_time["instance_type"]
            variant["initial_instance_count"] = real_time["instance_count"]
        if serverless:
            memory, concurrency = serverless["memory_mb"], serverless["max_concurrency"]
            variant["serverless_config"] = {"memory_size_in_mb": memory, "max_concurrency": concurrency}
        capture = real_time.get("capture") if real_time else None
        configuration = aws.sagemaker.EndpointConfiguration(
            name,
            production_variants=[variant],
            kms_key_arn=real_time.get("key_arn") if real_time else None,
            data_capture_config=_data_capture(capture) if capture else None,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=is_guarded(real_time) or None),
        )
        self.config_name = configuration.name
        self.register_outputs({"configName": self.config_name})


def is_guarded(real_time: RealTimeArgs | None) -> bool:
    """Whether alarms can end a rollout, after which SageMaker serves what Pulumi has replaced.

    Pulumi does not notice. So what is replaced is kept: deleting it would leave an endpoint that can start no further
    instance.
    """
    return real_time is not None and bool(real_time.get("rollback_alarms"))


def _data_capture(capture: CaptureArgs) -> aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict:
    return {
        "enable_capture": True,
        "destination_s3_uri": capture["url"],
        "initial_sampling_percentage": capture["percentage"],
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        "capture_content_type_header": {"json_content_types": ["application/json"]},
    }
