"""The settings of the infrastructure, in groups that follow a request's way.

Their names, types, defaults and descriptions stand once, in the config section of ``Pulumi.yaml``.
"""

import re
from dataclasses import dataclass

from components.endpoint_autoscaling import METRICS
from components.http_api import DomainArgs, JwtArgs, ThrottleArgs
from components.inference_endpoint import ImageArgs, ServerlessArgs
from components.predict_function import LONGEST_TIMEOUT_SECONDS
from components.setting_reader import SettingReader, is_arn, is_domain_name

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

# More than that at a time per instance would mean that nothing is ever scaled.
LARGEST_TARGET = {"invocations": 1_000_000.0, "concurrency": 100.0}

# An account's limits, unless AWS has raised them. Lambda always leaves 100 for the functions without a reservation.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
LARGEST_RESERVED_CONCURRENCY = 900
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
LARGEST_THROTTLE_RATE, LARGEST_THROTTLE_BURST = 10_000, 5_000


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


@dataclass(frozen=True)
class FunctionSettings:
    """What the function runs with."""

    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None
    tracing: bool

    @classmethod
    def read(cls, read: SettingReader) -> "FunctionSettings":
        """:raises SettingError: for the first setting that cannot work."""
        return cls(
            memory_mb=read.integer("functionMemoryMb", 128, 10_240),
            timeout_seconds=read.integer("functionTimeoutSeconds", 3, LONGEST_TIMEOUT_SECONDS),
            reserved_concurrency=read.integer("functionReservedConcurrency", 0, LARGEST_RESERVED_CONCURRENCY) or None,
            tracing=read.flag("tracing"),
        )


@dataclass(frozen=True)
class ApiSettings:
    """Who may call the API, where, and how often."""

    throttle: ThrottleArgs
    domain: DomainArgs | None
    jwt: JwtArgs | None

    @classmethod
    def read(cls, read: SettingReader) -> "ApiSettings":
        """:raises SettingError: for the first setting that cannot work, alone or beside the others."""
        domain = read.optional_text("apiDomain", is_domain_name, "a domain name such as api.example.com")
        certificate = read.optional_text(
            "apiCertificateArn",
            is_arn("acm", "certificate", read.region),
            f"the ARN of a certificate in ACM, in {read.region}",
        )
        read.check_pair("apiDomain", domain, "apiCertificateArn", certificate)
        issuer = read.optional_text(
            "jwtIssuer", lambda value: re.fullmatch(r"https://\S+", value), "the https URL of a token issuer"
        )
        audience = read.texts("jwtAudience")
        read.check_pair("jwtIssuer", issuer, "jwtAudience", audience)
        return cls(
            throttle={
                "rate": read.number("throttleRate", 0.1, LARGEST_THROTTLE_RATE),
                "burst": read.integer("throttleBurst", 1, LARGEST_THROTTLE_BURST),
            },
            domain={"name": domain, "certificate_arn": certificate} if domain and certificate else None,
            jwt={"issuer": issuer, "audience": audience} if issuer else None,
        )


@dataclass(frozen=True)
class OperationSettings:
    """Who is told what, and what outlives the stack."""

    alarm_email: str | None
    slowest_answer_seconds: float
    highest_error_percentage: float
    log_retention_days: int
    keep_data: bool

    @classmethod
    def read(cls, read: SettingReader) -> "OperationSettings":
        """:raises SettingError: for the first setting that cannot work."""
        return cls(
            alarm_email=read.optional_text(
                "alarmEmail", lambda value: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value), "an e-mail address"
            ),
            slowest_answer_seconds=read.number("alarmLatencySeconds", 0.1, 30),
            highest_error_percentage=read.number("alarmErrorPercentage", 0, 100),
            log_retention_days=int(read.choice("logRetentionDays", *map(str, DAYS))),
            keep_data=read.flag("keepData"),
        )
