"""What each rule of the policy pack is there to catch."""

import json
from typing import Any, NamedTuple

from pulumi.runtime.rpc import UNKNOWN


class Gone:
    """In place of a value: there is none."""

    def __repr__(self) -> str:
        return "nothing"


GONE = Gone()


class Violation(NamedTuple):
    """One change to a stack that keeps every rule, after which it breaks exactly one."""

    rule: str
    resource: str
    """Class of the resource, and its name where there are several."""

    path: str
    """What is changed, also within a JSON document; empty for the whole resource."""

    value: Any = GONE

    def __str__(self) -> str:
        return f"{self.rule}: {self.resource} {self.path} = {self.value!r:.40}"


def permission(action: str, resource: str = "*", **more: Any) -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **more}})


def inline(document: str) -> list[dict[str, str]]:
    return [{"name": "inline", "policy": document}]


GRANT = {"permission": "READ", "grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}
PAGES = "BucketPolicy site-pages"

VIOLATIONS = [
    Violation("distribution-answers-over-https-only", "Distribution", "defaultCacheBehavior.viewerProtocolPolicy"),
    Violation(
        "distribution-answers-over-https-only",
        "Distribution",
        "orderedCacheBehaviors",
        [{"viewerProtocolPolicy": "allow-all", "responseHeadersPolicyId": "id"}],
    ),
    Violation("distribution-has-modern-tls", "Distribution", "viewerCertificate.minimumProtocolVersion", "TLSv1"),
    Violation("distribution-has-modern-tls", "Distribution", "viewerCertificate.minimumProtocolVersion"),
    Violation("distribution-proves-itself-to-origins", "Distribution", "origins.0.originAccessControlId"),
    Violation(
        "distribution-proves-itself-to-origins",
        "Distribution",
        "origins.0.customOriginConfig",
        {"originProtocolPolicy": "match-viewer"},
    ),
    Violation("distribution-sends-security-headers", "Distribution", "defaultCacheBehavior.responseHeadersPolicyId"),
    Violation("api-is-throttled", "Stage", "defaultRouteSettings"),
    Violation("api-is-throttled", "Stage", "defaultRouteSettings.throttlingBurstLimit", 0),
    Violation("api-is-throttled", "Stage", "routeSettings.0.throttlingRateLimit"),
    Violation("api-has-access-logs", "Stage", "accessLogSettings"),
    Violation("api-has-access-logs", "Stage", "accessLogSettings.format"),
    Violation("cors-names-origins", "Api", "corsConfiguration.allowOrigins.0", "*"),
    Violation("cors-names-origins", "Api", "corsConfiguration.allowOrigins.0", "https://*"),
    Violation("cors-names-origins", "Api", "corsConfiguration.allowOrigins", [UNKNOWN, "*"]),
    Violation("api-domain-has-modern-tls", "DomainName", "domainNameConfiguration.securityPolicy", "TLS_1_0"),
    Violation("permission-names-caller", "Permission", "sourceArn"),
    Violation("permission-names-caller", "Permission", "sourceArn", "arn:aws:execute-api:eu-west-1:123456789012:*/*"),
    Violation("permission-names-caller", "Permission", "principal", "*"),
    Violation("log-group-has-retention", "LogGroup", "retentionInDays"),
    Violation("log-group-has-retention", "LogGroup", "retentionInDays", 0),
    Violation("log-group-has-retention", "LogGroup", "retentionInDays", 3653),
    Violation("function-has-log-group", "LogGroup predict", ""),
    Violation("model-image-has-version", "Model", "primaryContainer.image", "registry:5000/image"),
    Violation("model-image-has-version", "Model", "primaryContainer.image", "registry/image:latest"),
    Violation("endpoint-rolls-back", "Endpoint", "deploymentConfig"),
    Violation("endpoint-rolls-back", "Endpoint", "deploymentConfig.autoRollbackConfiguration.alarms", []),
    Violation("bucket-has-public-access-block", "BucketPublicAccessBlock site-pages", ""),
    Violation("public-access-block-is-complete", "BucketPublicAccessBlock", "blockPublicAcls"),
    Violation("public-access-block-is-complete", "BucketPublicAccessBlock", "blockPublicPolicy", False),
    Violation("public-access-block-is-complete", "BucketPublicAccessBlock", "ignorePublicAcls", False),
    Violation("public-access-block-is-complete", "BucketPublicAccessBlock", "restrictPublicBuckets", False),
    Violation("acl-is-private", "Bucket", "acl", "public-read"),
    Violation("acl-is-private", "BucketObject", "acl", "authenticated-read"),
    Violation("acl-is-private", "Bucket", "accessControlPolicy", {"grants": [GRANT]}),
    Violation("bucket-has-encryption", "BucketServerSideEncryptionConfiguration site-pages", ""),
    Violation("bucket-has-policy", PAGES, ""),
    Violation("bucket-policy-refuses-plain-http", PAGES, "policy.Statement.1"),
    Violation("bucket-policy-refuses-plain-http", PAGES, "policy.Statement.1.Action", "s3:GetObject"),
    Violation("bucket-policy-refuses-plain-http", PAGES, "policy.Statement.1.Principal", {"AWS": "arn:of:one"}),
    Violation("bucket-policy-refuses-plain-http", PAGES, "policy.Statement.1.Resource", ["arn:of:bucket"]),
    Violation("bucket-policy-refuses-plain-http", PAGES, "policy.Statement.1.Condition.Bool.aws:SecureTransport", True),
    Violation(
        "bucket-policy-refuses-plain-http",
        PAGES,
        "policy.Statement.1.Condition.IpAddress",
        {"aws:SourceIp": "192.0.2.0/24"},
    ),
    Violation("iam-names-actions", "RolePolicy", "policy.Statement.0.Action", "*"),
    Violation("iam-names-actions", "RolePolicy", "policy.Statement.0.Action", ["s3:GetObject", "s3:*"]),
    Violation("iam-names-actions", "Role", "inlinePolicies", inline(permission("s3:Get*", "arn:of:bucket"))),
    Violation(
        "iam-names-actions",
        "RolePolicy",
        "policy.Statement.0",
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:of:bucket"},
    ),
    Violation("iam-names-resources", "RolePolicy", "policy.Statement.0.Resource", "*"),
    Violation("iam-names-resources", "RolePolicy", "policy.Statement.0.Resource", ["arn:aws:s3:::*"]),
    Violation("iam-names-resources", "Role", "inlinePolicies", inline(permission("s3:GetObject"))),
    Violation("iam-names-resources", "RolePolicy", "policy", permission("cloudwatch:PutMetricData")),
    Violation("iam-names-resources", "RolePolicy", "policy.Statement.0.NotResource", "arn:of:bucket"),
    Violation(
        "iam-attaches-no-broad-policy", "Role", "managedPolicyArns", ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]
    ),
    Violation(
        "iam-attaches-no-broad-policy",
        "Role",
        "managedPolicyArns",
        [UNKNOWN, "arn:aws:iam::aws:policy/AdministratorAccess"],
    ),
    Violation("policy-names-principals", PAGES, "policy.Statement.0.Principal", "*"),
    Violation("policy-names-principals", "TopicPolicy", "policy.Statement.0.Principal", {"AWS": ["*"]}),
    Violation("policy-names-principals", "Role", "assumeRolePolicy.Statement.0.Principal", {"AWS": "*"}),
    Violation("policy-limits-services", PAGES, "policy.Statement.0.Condition"),
    Violation("policy-limits-services", "TopicPolicy", "policy.Statement.0.Condition"),
    Violation("resource-has-tags", "Model", "tags"),
    Violation("resource-has-tags", "Bucket", "tags.stack"),
    Violation("resource-has-tags", "BucketObject", "tags.project"),
]
