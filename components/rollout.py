"""How an endpoint takes over a new configuration."""

import pulumi_aws as aws

from components.endpoint_configuration import RealTimeArgs


def blue_green(real_time: RealTimeArgs) -> aws.sagemaker.EndpointDeploymentConfigArgsDict | None:
    """A part of the new fleet gets traffic first, and all of it if no alarm goes off; None where no alarm is named.

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
