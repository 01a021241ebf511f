"""A bucket that is never public."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class PrivateBucketArgs(TypedDict):
    """What a :class:`PrivateBucket` is made from."""

    keep_old_versions_days: NotRequired[int]
    """Days for which S3 keeps what was overwritten or deleted. Without it there is one version of everything."""

    keep_data: NotRequired[bool]
    """Whether Pulumi refuses to delete the bucket. Otherwise it deletes the bucket with all that is in it."""


class PrivateBucket(pulumi.ComponentResource):
    """An S3 bucket with every kind of public access blocked, encrypted, and closed to plain HTTP.

    Its owner calls :meth:`attach_policy` once.
    """

    name: pulumi.Output[str]
    """Name of the bucket. Whoever uses it waits until objects cannot be public, and have versions if they should."""

    arn: pulumi.Output[str]
    """ARN of the bucket."""

    regional_domain_name: pulumi.Output[str]
    """Domain name under which CloudFront reaches the bucket."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:PrivateBucket", name, None, opts)
        self._logical_name = name
        self._child = child = pulumi.ResourceOptions(parent=self)
        keep = args.get("keep_data", False)
        bucket = aws.s3.Bucket(
            name, force_destroy=not keep, opts=pulumi.ResourceOptions(parent=self, protect=keep or None)
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        ready: list[pulumi.Output[str]] = [block.id]
        if "keep_old_versions_days" in args:
            ready.append(self._keep_old_versions(bucket.bucket, args["keep_old_versions_days"]))
        self.name = pulumi.Output.all(bucket.bucket, *ready).apply(lambda outputs: str(outputs[0]))
        self.arn = bucket.arn
        self.regional_domain_name = bucket.bucket_regional_domain_name
        self.register_outputs({"name": self.name, "arn": self.arn, "regionalDomainName": self.regional_domain_name})

    def _keep_old_versions(self, bucket: pulumi.Output[str], days: int) -> pulumi.Output[str]:
        versioning = aws.s3.BucketVersioning(
            self._logical_name,
            bucket=bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            self._logical_name,
            bucket=bucket,
            rules=[
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": days},
                    # Parts of uploads that never ended are paid for, and seen by nobody.
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        return versioning.id

    def attach_policy(self, *statements: Mapping[str, Any]) -> aws.s3.BucketPolicy:
        """Make the bucket's only policy: these statements, and the refusal of plain HTTP."""
        plain_http = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, pulumi.Output.format("{0}/*", self.arn)],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return aws.s3.BucketPolicy(
            self._logical_name,
            bucket=self.name,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [*statements, plain_http],
                }
            ),
            opts=self._child,
        )
