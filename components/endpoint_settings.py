"""The settings of the endpoint. ``Pulumi.yaml`` says what each one means."""

import re
from dataclasses import dataclass

from components.container_image import ImageArgs
from components.endpoint_autoscaling import METRICS
from components.endpoint_configuration import ServerlessArgs
from components.setting_reader import SettingReader, is_arn

# More than that at a time per instance would mean that nothing is ever scaled.
LARGEST_TARGET = {"invocations": 1_000_000.0, "concurrency": 100.0}


@dataclass(frozen=True)
class Autoscaling:
    """How the number of instances follows the traffic."""

    max_instances: int
    metric: str
    target: float
    scale_out_cooldown_seconds: int
    scale_in_cooldown_seconds: int


@dataclass(frozen=True)
class EndpointSettings:
    """What the model runs on."""

    serverless: ServerlessArgs | None
    instance_type: str
    min_instances: int
    autoscaling: Autoscaling | None
    network_isolation: bool
    key_arn: str | None
    capture_percentage: int
    image_tag: str
    image: ImageArgs | None

    @classmethod
    def read(cls, read: SettingReader) -> "EndpointSettings":
        """:raises SettingError: for the first setting that cannot work, alone or beside the others."""
        serverless = _serverless(read)
        settings = cls(
            serverless=serverless,
            instance_type=read.text(
                "instanceType",
                lambda value: re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9]+", value),
                "a SageMaker instance type such as ml.m5.large",
            ),
            min_instances=read.integer("minInstances", 1, 100),
            autoscaling=None if serverless else _autoscaling(read),
            network_isolation=read.flag("networkIsolation"),
            key_arn=read.optional_text(
                "volumeKeyArn", is_arn("kms", "key", read.region), f"the ARN of a KMS key in {read.region}"
            ),
            capture_percentage=read.integer("dataCapturePercentage", 0, 100),
            image_tag=read.text(
                "inferenceImageTag",
                lambda value: re.fullmatch(r"[\w][\w.-]{0,127}", value),
                "a tag of AWS's pytorch-inference image",
            ),
            image=_image(read),
        )
        if serverless:
            settings.check_serverless(read)
        return settings

    def check_serverless(self, read: SettingReader) -> None:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html#serverless-endpoints-how-it-works-exclusions"""
        for key, is_set in (
            ("networkIsolation", self.network_isolation),
            ("volumeKeyArn", self.key_arn is not None),
            ("dataCapturePercentage", self.capture_percentage > 0),
        ):
            if is_set:
                raise read.refuse(key, "a serverless endpoint has no such thing; set endpointMode to realTime")


def _serverless(read: SettingReader) -> ServerlessArgs | None:
    mode = read.choice("endpointMode", "serverless", "realTime")
    memory = read.integer("serverlessMemoryMb", 1024, 6144, step=1024)
    concurrency = read.integer("serverlessMaxConcurrency", 1, 200)
    return {"memory_mb": memory, "max_concurrency": concurrency} if mode == "serverless" else None


def _autoscaling(read: SettingReader) -> Autoscaling | None:
    smallest, largest = read.integer("minInstances", 1, 100), read.integer("maxInstances", 1, 100)
    if largest < smallest:
        raise read.refuse("maxInstances", f"it must not be less than minInstances, which is {smallest}")
    metric = read.choice("autoscalingMetric", *METRICS)
    autoscaling = Autoscaling(
        max_instances=largest,
        metric=metric,
        target=read.number("autoscalingTarget", 0.1, LARGEST_TARGET[metric]),
        scale_out_cooldown_seconds=read.integer("scaleOutCooldownSeconds", 0, 3600),
        scale_in_cooldown_seconds=read.integer("scaleInCooldownSeconds", 0, 3600),
    )
    return autoscaling if largest > smallest else None


def _image(read: SettingReader) -> ImageArgs | None:
    uri = read.optional_text(
        "inferenceImageUri",
        lambda value: re.fullmatch(
            rf"\d{{12}}\.dkr\.ecr\.{read.region}\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+[:@]\S+", value
        ),
        f"the URI of an image in ECR in {read.region}, with its tag or digest",
    )
    if uri is None:
        return None
    registry, _, image = uri.partition("/")
    account, _, _, region, *_ = registry.split(".")
    partition = "aws-cn" if registry.endswith(".cn") else "aws"
    repository = re.split("[:@]", image)[0]
    return {"uri": uri, "repository_arn": f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"}
