"""A bucket that is never public."""

import pulumi
import pulumi_aws as aws


class PrivateBucket(pulumi.ComponentResource):
    """An S3 bucket with every kind of public access blocked.

    Objects are encrypted with SSE-S3, which S3 applies to every new object without being asked:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    regional_domain_name: pulumi.Output[str]
    """Domain name under which CloudFront reaches the bucket."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(name, opts=child)
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        # Whoever uses the name waits for the block: no object is ever in a bucket that could be public.
        self.name = pulumi.Output.all(bucket.bucket, block.id).apply(lambda outputs: str(outputs[0]))
        self.arn = bucket.arn
        self.regional_domain_name = bucket.bucket_regional_domain_name
        self.register_outputs({"name": self.name, "arn": self.arn, "regionalDomainName": self.regional_domain_name})
