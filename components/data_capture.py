"""Where an endpoint's requests and answers are recorded."""

from typing import NotRequired, TypedDict

import pulumi

from components.private_bucket import PrivateBucket

KEEP_OLD_VERSIONS_DAYS = 30


class DataCaptureArgs(TypedDict):
    """What a :class:`DataCapture` is made from."""

    keep_data: NotRequired[bool]
    """Whether Pulumi refuses to delete the bucket. Otherwise it deletes the bucket with all records."""


class DataCapture(pulumi.ComponentResource):
    """A private bucket for the records that SageMaker writes."""

    url: pulumi.Output[str]
    """``s3://`` URL of the folder for the records."""

    arn: pulumi.Output[str]
    """ARN of the objects in that folder, ending in a wildcard."""

    def __init__(self, name: str, args: DataCaptureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:DataCapture", name, None, opts)
        bucket = PrivateBucket(
            f"{name}-capture",
            {
                "keep_old_versions_days": KEEP_OLD_VERSIONS_DAYS,
                "keep_data": args.get("keep_data", False),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        bucket.attach_policy()
        self.url = pulumi.Output.format("s3://{0}/records", bucket.name)
        self.arn = pulumi.Output.format("{0}/records/*", bucket.arn)
        self.register_outputs({"url": self.url, "arn": self.arn})
