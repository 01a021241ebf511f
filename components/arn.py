"""Amazon Resource Names of what a component makes, or lets be used, in its own account and region."""

import pulumi
import pulumi_aws as aws


def arn(parent: pulumi.Resource, service: str, resource: str, *parts: pulumi.Input[str]) -> pulumi.Output[str]:
    """``arn:<partition>:<service>:<region>:<account>:<resource>``.

    :param parent: the component, whose provider decides on account and region.
    :param resource: with ``{0}``, ``{1}``, ... for ``parts``.
    """
    invoke = pulumi.InvokeOptions(parent=parent)
    return pulumi.Output.format(
        "arn:{0}:{1}:{2}:{3}:{4}",
        aws.get_partition_output(opts=invoke).partition,
        service,
        aws.get_region_output(opts=invoke).region,
        aws.get_caller_identity_output(opts=invoke).account_id,
        pulumi.Output.format(resource, *parts),
    )
