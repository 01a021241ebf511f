"""More instances when more is asked, fewer when less is."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-policy.html
METRICS = {
    "invocations": "SageMakerVariantInvocationsPerInstance",
    "concurrency": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
}
"""What may be kept at the target: invocations per instance and minute, or requests at a time per instance."""


class EndpointAutoscalingArgs(TypedDict):
    """What an :class:`EndpointAutoscaling` is made from."""

    scalable_variant: pulumi.Input[str]
    """The production variant, as ``endpoint/<name>/variant/<name>``."""

    min_instances: int
    """Fewest instances."""

    max_instances: int
    """Most instances, which is also the most that this can cost."""

    metric: str
    """``invocations`` per instance and minute, or ``concurrency``: requests at a time per instance."""

    target: float
    """Value at which the metric is kept."""

    scale_out_cooldown_seconds: int
    """Seconds after which instances may be added again; short, because visitors wait."""

    scale_in_cooldown_seconds: int
    """Seconds after which instances may be taken away again; long, because traffic comes back."""


class EndpointAutoscaling(pulumi.ComponentResource):
    """Target tracking for a production variant on instances."""

    policy_arn: pulumi.Output[str]
    """ARN of the scaling policy."""

    def __init__(self, name: str, args: EndpointAutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:EndpointAutoscaling", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        target = aws.appautoscaling.Target(
            name,
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=args["scalable_variant"],
            min_capacity=args["min_instances"],
            max_capacity=args["max_instances"],
            opts=child,
        )
        policy = aws.appautoscaling.Policy(
            name,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {"predefined_metric_type": METRICS[args["metric"]]},
                "target_value": args["target"],
                "scale_out_cooldown": args["scale_out_cooldown_seconds"],
                "scale_in_cooldown": args["scale_in_cooldown_seconds"],
            },
            opts=child,
        )
        self.policy_arn = policy.arn
        self.register_outputs({"policyArn": self.policy_arn})
