"""The container image that serves a model."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws


class ImageArgs(TypedDict):
    """A container image in ECR that keeps SageMaker's contract for own containers."""

    uri: pulumi.Input[str]
    """URI of the image, with its tag or digest."""

    repository_arn: pulumi.Input[str]
    """ARN of its repository."""


def prebuilt_image(parent: pulumi.Resource, tag: str | None) -> ImageArgs:
    """AWS's PyTorch inference image, in the region of a component, whose provider decides on that.

    AWS keeps its images in accounts of its own, which differ by region.
    https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
    """
    invoke = pulumi.InvokeOptions(parent=parent)
    image = aws.sagemaker.get_prebuilt_ecr_image_output(repository_name="pytorch-inference", image_tag=tag, opts=invoke)
    repository = pulumi.Output.format(
        "arn:{0}:ecr:*:*:repository/pytorch-inference", aws.get_partition_output(opts=invoke).partition
    )
    return {"uri": image.registry_path, "repository_arn": repository}
