"""The SageMaker endpoint that serves the model."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.arn import arn
from components.endpoint_role import EndpointRole, EndpointRoleArgs

VARIANT = "AllTraffic"
"""Name of the endpoint's only production variant."""


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


class ImageArgs(TypedDict):
    """A container image in ECR that keeps SageMaker's contract for own containers."""

    uri: pulumi.Input[str]
    """URI of the image, with its tag or digest."""

    repository_arn: pulumi.Input[str]
    """ARN of its repository."""


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
        real_time, serverless = args.get("real_time"), args.get("serverless")
        _check_choice(name, "image_tag", args.get("image_tag"), "image", args.get("image"))
        _check_choice(name, "real_time", real_time, "serverless", serverless)
        child = pulumi.ResourceOptions(parent=self)
        self.arn = arn(self, "sagemaker", "endpoint/{0}", args["endpoint_name"])
        image = args.get("image") or self._prebuilt_image(args.get("image_tag"))
        role = EndpointRole(name, self._role_args(args, image), opts=child)
        # After a rollback SageMaker serves what Pulumi has replaced, and Pulumi does not notice: deleting that would
        # leave an endpoint that can start no further instance.
        guarded = bool(real_time and real_time.get("rollback_alarms"))
        replaced = pulumi.ResourceOptions(parent=self, retain_on_delete=guarded or None)
        model = aws.sagemaker.Model(
            name,
            execution_role_arn=role.arn,
            enable_network_isolation=_is_isolated(real_time),
            primary_container={
                "image": image["uri"],
                "model_data_url": args["model_url"],
                "environment": _environment(args),
            },
            opts=replaced,
        )
        capture = real_time.get("capture") if real_time else None
        configuration = aws.sagemaker.EndpointConfiguration(
            name,
            production_variants=[
                {"variant_name": VARIANT, "model_name": model.name, **_capacity(real_time, serverless)}
            ],
            kms_key_arn=real_time.get("key_arn") if real_time else None,
            data_capture_config=_data_capture(capture) if capture else None,
            opts=replaced,
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
            endpoint_config_name=configuration.name,
            deployment_config=_rollout(real_time) if real_time else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_group]),
        )
        self.scalable_variant = pulumi.Output.format("endpoint/{0}/variant/{1}", endpoint.name, VARIANT)
        self.register_outputs({"arn": self.arn, "scalableVariant": self.scalable_variant})

    def _prebuilt_image(self, tag: str | None) -> ImageArgs:
        invoke = pulumi.InvokeOptions(parent=self)
        image = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="pytorch-inference", image_tag=tag, opts=invoke
        )
        # AWS keeps its images in accounts of its own, which differ by region.
        repository = pulumi.Output.format(
            "arn:{0}:ecr:*:*:repository/pytorch-inference", aws.get_partition_output(opts=invoke).partition
        )
        return {"uri": image.registry_path, "repository_arn": repository}

    def _role_args(self, args: InferenceEndpointArgs, image: ImageArgs) -> EndpointRoleArgs:
        role: EndpointRoleArgs = {
            "endpoint_name": args["endpoint_name"],
            "model_arn": args["model_arn"],
            "repository_arn": image["repository_arn"],
        }
        real_time = args.get("real_time")
        if real_time is None:
            return role
        if alarms := real_time.get("rollback_alarms"):
            role["rollback_alarm_arns"] = [arn(self, "cloudwatch", "alarm:{0}", alarm) for alarm in alarms]
        if capture := real_time.get("capture"):
            role["capture_arn"] = capture["arn"]
        if key_arn := real_time.get("key_arn"):
            role["key_arn"] = key_arn
        return role


def _check_choice(name: str, key: str, value: object, other_key: str, other: object) -> None:
    if (value is None) == (other is None):
        raise pulumi.RunError(f"InferenceEndpoint {name!r}: give either {key} or {other_key}.")


def _is_isolated(real_time: RealTimeArgs | None) -> bool:
    return real_time is not None and real_time.get("network_isolation", False)


def _environment(args: InferenceEndpointArgs) -> Mapping[str, pulumi.Input[str]]:
    return {
        # Where AWS's container finds the code that is inside the artifact:
        # https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        # SageMaker does not tell the container, which could then only say that a name was not found.
        **({"SAGEMAKER_NETWORK_ISOLATION": "true"} if _is_isolated(args.get("real_time")) else {}),
        **args.get("environment", {}),
    }


def _capacity(
    real_time: RealTimeArgs | None, serverless: ServerlessArgs | None
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
    if real_time:
        return {"instance_type": real_time["instance_type"], "initial_instance_count": real_time["instance_count"]}
    if serverless:
        memory, concurrency = serverless["memory_mb"], serverless["max_concurrency"]
        return {"serverless_config": {"memory_size_in_mb": memory, "max_concurrency": concurrency}}
    return {}


def _data_capture(capture: CaptureArgs) -> aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict:
    return {
        "enable_capture": True,
        "destination_s3_uri": capture["url"],
        "initial_sampling_percentage": capture["percentage"],
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        "capture_content_type_header": {"json_content_types": ["application/json"]},
    }


def _rollout(real_time: RealTimeArgs) -> aws.sagemaker.EndpointDeploymentConfigArgsDict | None:
    """Blue/green: a part of the new fleet gets traffic first, and all of it if no alarm goes off.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
    """
    alarms = real_time.get("rollback_alarms")
    if not alarms:
        return None
    first: aws.sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgsDict = {
        "type": "CANARY",
        "canary_size": {"type": "INSTANCE_COUNT", "value": 1},
        "wait_interval_in_seconds": 300,
    }
    if real_time["instance_count"] < 2:  # a canary may be at most half of the fleet
        first = {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0}
    return {
        "blue_green_update_policy": {
            "traffic_routing_configuration": first,
            # The old fleet stays for so long, to go back to.
            "termination_wait_in_seconds": 300,
            "maximum_execution_timeout_in_seconds": 3600,
        },
        "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm} for alarm in alarms]},
    }
