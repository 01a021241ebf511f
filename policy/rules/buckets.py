"""Buckets: private, encrypted, and closed to plain HTTP."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs, Severity, StackValidationArgs

from .documents import is_for_everybody, statements
from .rule import Complaints, as_list, of_type, properties, refers_to, resource_rule, stack_rule, text

# The AWS provider has some resources under two names.
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
OBJECTS = ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2")
ENCRYPTIONS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"

KINDS_OF_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups
EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


@stack_rule(Severity.CRITICAL)
def bucket_has_public_access_block(stack: StackValidationArgs) -> Iterator[tuple[PolicyResource, str]]:
    """Every bucket has a public access block of its own."""
    for bucket in _without(stack, BLOCK):
        yield bucket, "nothing blocks public access. Add a BucketPublicAccessBlock for it."


@resource_rule(Severity.CRITICAL, BLOCK)
def public_access_block_is_complete(block: ResourceValidationArgs) -> Complaints:
    """A public access block blocks every kind of public access."""
    for kind in KINDS_OF_PUBLIC_ACCESS:
        if block.props.get(kind) is not True:
            yield f"{kind} is {text(block.props.get(kind))}. Set it to true."


@resource_rule(Severity.CRITICAL, *BUCKETS, *ACLS, *OBJECTS)
def acl_is_private(resource: ResourceValidationArgs) -> Complaints:
    """No ACL lets everybody read or write a bucket or an object."""
    acl = resource.props.get("acl")
    if acl in ("public-read", "public-read-write", "authenticated-read"):
        yield f"the ACL {acl!r} is for everybody. Remove it, and let a distribution with origin access control read."
    for grant in as_list(properties(resource, "accessControlPolicy").get("grants", [])):
        if grant.get("grantee", {}).get("uri") in EVERYBODY:
            yield "its ACL has a grant for everybody. Remove it, and name who may read."


@stack_rule(Severity.HIGH)
def bucket_has_encryption(stack: StackValidationArgs) -> Iterator[tuple[PolicyResource, str]]:
    """Every bucket says how what is in it is encrypted at rest."""
    for bucket in _without(stack, *ENCRYPTIONS):
        yield bucket, "nothing says how it is encrypted. Add a BucketServerSideEncryptionConfiguration for it."


@stack_rule(Severity.HIGH)
def bucket_has_policy(stack: StackValidationArgs) -> Iterator[tuple[PolicyResource, str]]:
    """Every bucket has a policy, without which it would answer over plain HTTP."""
    for bucket in _without(stack, POLICY):
        yield bucket, "it has no policy. Add a BucketPolicy that denies requests without aws:SecureTransport."


@resource_rule(Severity.HIGH, POLICY)
def bucket_policy_refuses_plain_http(policy: ResourceValidationArgs) -> Complaints:
    """A bucket's policy denies everybody everything over plain HTTP."""
    if not any(_refuses_plain_http(statement) for statement in statements(policy.props["policy"])):
        yield (
            "it answers over plain HTTP. Deny s3:* to * on the bucket and its objects where aws:SecureTransport is "
            "false."
        )


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html#transit"""
    resources = as_list(statement.get("Resource"))
    condition = statement.get("Condition", {})
    return (
        statement.get("Effect") == "Deny"
        and is_for_everybody(statement)
        and list(as_list(statement.get("Action"))) in (["s3:*"], ["*"])
        and any(not resource.endswith("/*") for resource in resources)
        and any(resource.endswith("/*") for resource in resources)
        # Beside another condition it would deny less.
        and list(condition) == ["Bool"]
        and list(condition["Bool"]) == ["aws:SecureTransport"]
        and str(condition["Bool"]["aws:SecureTransport"]).lower() == "false"
    )


def _without(stack: StackValidationArgs, *types: str) -> Iterator[PolicyResource]:
    """The buckets to which no resource of these types belongs."""
    companions = of_type(stack.resources, *types)
    for bucket in of_type(stack.resources, *BUCKETS):
        if not any(refers_to(companion, "bucket", bucket, "bucket") for companion in companions):
            yield bucket
