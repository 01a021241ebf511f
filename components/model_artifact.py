"""Where the trained model is kept: a private bucket, and the artifact under a name made of its content."""

import hashlib
from pathlib import Path
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.private_bucket import PrivateBucket

KEEP_OLD_VERSIONS_DAYS = 90


class ModelArtifactArgs(TypedDict):
    """What a :class:`ModelArtifact` is made from."""

    path: str
    """Path of the ``model.tar.gz`` on the machine that deploys."""

    keep_data: NotRequired[bool]
    """Whether Pulumi refuses to delete the bucket. Otherwise it deletes the bucket with all artifacts."""


class ModelArtifact(pulumi.ComponentResource):
    """A ``model.tar.gz`` in S3, immutable: its key contains the hash of its content.

    A new artifact therefore has a new URL, which makes a new SageMaker model and endpoint configuration, and
    the endpoint rolls over; an artifact that is serving is never overwritten.
    """

    url: pulumi.Output[str]
    """``s3://`` URL for SageMaker's ``ModelDataUrl``."""

    readable_arn: pulumi.Output[str]
    """ARN of everything that SageMaker must be able to read: this artifact, and the earlier ones, because the
    configuration that a rollout replaces must be able to start instances until, and in case, it comes back."""

    digest: str
    """First 12 hexadecimal digits of the artifact's SHA-256."""

    def __init__(self, name: str, args: ModelArtifactArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:ModelArtifact", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        with Path(args["path"]).open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]

        bucket = PrivateBucket(
            f"{name}-artifacts",
            {
                "keep_old_versions_days": KEEP_OLD_VERSIONS_DAYS,
                "keep_data": args.get("keep_data", False),
            },
            opts=child,
        )
        policy = bucket.attach_policy()
        artifact = aws.s3.BucketObject(
            f"{name}-artifact",
            bucket=bucket.name,
            key=f"models/{self.digest}/model.tar.gz",
            source=pulumi.FileAsset(args["path"]),
            # An endpoint that has rolled back needs the artifact that this one replaces.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[policy], retain_on_delete=args.get("keep_data", False) or None
            ),
        )
        self.url = pulumi.Output.format("s3://{0}/{1}", artifact.bucket, artifact.key)
        self.readable_arn = pulumi.Output.format("{0}/models/*", bucket.arn)
        self.register_outputs({"url": self.url, "readableArn": self.readable_arn, "digest": self.digest})
