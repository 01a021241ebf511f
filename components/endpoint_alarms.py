"""Alarms on the endpoint. They exist before it, because its rollouts watch them."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.endpoint_configuration import VARIANT
from components.metric_alarm import metric_alarm


class EndpointAlarmsArgs(TypedDict):
    """What :class:`EndpointAlarms` are made from."""

    endpoint_name: str
    """Name of the endpoint, which need not exist yet."""

    has_instances: bool
    """Whether it is a real-time endpoint."""

    slowest_answer_seconds: float
    """Time for the model's answer, at the 99th percentile, above which something is wrong."""

    actions: Sequence[pulumi.Input[str]]
    """ARNs of the topics that are told."""


class EndpointAlarms(pulumi.ComponentResource):
    """Errors of the model, slow answers, and, on instances, that none is left."""

    rollback_alarms: Sequence[pulumi.Output[str]]
    """Names of the alarms that tell a bad rollout."""

    def __init__(self, name: str, args: EndpointAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:EndpointAlarms", name, None, opts)
        endpoint, actions, child = args["endpoint_name"], args["actions"], pulumi.ResourceOptions(parent=self)
        variant = {"EndpointName": endpoint, "VariantName": VARIANT}
        errors = metric_alarm(
            f"{endpoint}-errors",
            "The model's container fails. Read its log group, /aws/sagemaker/Endpoints/<endpoint>. If this began with "
            "a rollout, SageMaker rolls back by itself; if not, deploy the last artifact that worked.",
            actions,
            child,
            namespace="AWS/SageMaker",
            metric_name="Invocation5XXErrors",
            dimensions=variant,
            statistic="Sum",
            period=60,
            threshold=0,
        )
        latency = metric_alarm(
            f"{endpoint}-latency",
            "The model answers too slowly. Look at the dashboard's right column: if what it runs on is busy, raise "
            "maxInstances or serverlessMemoryMb; if it is not, the last artifact is slower than the others.",
            actions,
            child,
            namespace="AWS/SageMaker",
            metric_name="ModelLatency",
            dimensions=variant,
            extended_statistic="p99",
            period=60,
            threshold=args["slowest_answer_seconds"] * 1_000_000,  # the metric is in microseconds
        )
        if args["has_instances"]:
            metric_alarm(
                f"{endpoint}-no-instance",
                "No instance of the endpoint says that it is alive, and callers get 503. The SageMaker console shows "
                "the endpoint's status and the reason of a failure. (While a stack is made, there is none yet.)",
                actions,
                child,
                namespace="/aws/sagemaker/Endpoints",
                metric_name="CPUUtilization",
                dimensions=variant,
                statistic="SampleCount",
                period=60,
                comparison_operator="LessThanThreshold",
                threshold=1,
                # Instances report every minute; only their silence tells that there is none.
                treat_missing_data="breaching",
            )
        self.rollback_alarms = [errors.name, latency.name]
        self.register_outputs({"rollbackAlarms": self.rollback_alarms})
