"""Permissions: each names who may do what with which resource."""

from collections.abc import Iterator
from typing import Any

from pulumi_policy import ResourceValidationArgs, Severity

from .documents import allowed, condition_keys, is_for_everybody, names_no_resource
from .rule import Complaints, as_list, known_first, resource_rule

ROLE = "aws:iam/role:Role"
IDENTITY_POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
RESOURCE_POLICIES = ("aws:s3/bucketPolicy:BucketPolicy", "aws:sns/topicPolicy:TopicPolicy")
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)

REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference"
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData": f"{REFERENCE}/list_amazoncloudwatch.html",  # a namespace is what limits it
    "ecr:GetAuthorizationToken": f"{REFERENCE}/list_amazonelasticcontainerregistry.html",  # for the whole registry
    "xray:PutTelemetryRecords": f"{REFERENCE}/list_awsx-ray.html",
    "xray:PutTraceSegments": f"{REFERENCE}/list_awsx-ray.html",
}
"""Actions that AWS lets nobody limit to a resource, and the pages that say so."""


@resource_rule(Severity.HIGH, ROLE, *IDENTITY_POLICIES)
def iam_names_actions(resource: ResourceValidationArgs) -> Complaints:
    """A policy allows actions that it names, one by one."""
    for document in _documents(resource):
        for statement in allowed(document):
            if "NotAction" in statement:
                yield "it allows all actions but some (NotAction). Name the ones that are needed."
            for action in as_list(statement.get("Action", [])):
                if "*" in action or "?" in action:
                    yield f"the action {action!r} stands for many. Name the ones that are needed."


@resource_rule(Severity.HIGH, ROLE, *IDENTITY_POLICIES)
def iam_names_resources(resource: ResourceValidationArgs) -> Complaints:
    """A policy allows actions on resources that it names, unless the action knows no resource."""
    for document in _documents(resource):
        for statement in allowed(document):
            if "NotResource" in statement:
                yield "it allows actions on all resources but some (NotResource). Name the ones that are needed."
            if not any(names_no_resource(arn) for arn in as_list(statement.get("Resource", []))):
                continue
            for action in as_list(statement.get("Action", [])):
                if action not in WITHOUT_RESOURCE:
                    yield f"{action} is allowed on every resource. Name the resources that are needed."
            if "cloudwatch:PutMetricData" in as_list(statement.get("Action", [])) and (
                "cloudwatch:namespace" not in condition_keys(statement)
            ):
                yield "cloudwatch:PutMetricData is allowed in every namespace. Add a condition on cloudwatch:namespace."


@resource_rule(Severity.HIGH, ROLE, *ATTACHMENTS)
def iam_attaches_no_broad_policy(resource: ResourceValidationArgs) -> Complaints:
    """No administrator's or full-access policy of AWS's is attached to anybody."""
    is_role = resource.resource_type == ROLE
    for arn in known_first(resource.props.get("managedPolicyArns", []) if is_role else [resource.props["policyArn"]]):
        name = arn.split("/")[-1]
        if "FullAccess" in name or name in ("AdministratorAccess", "PowerUserAccess"):
            yield f"{name} allows far more than is needed. Write a policy that names actions and resources."


@resource_rule(Severity.CRITICAL, ROLE, *RESOURCE_POLICIES)
def policy_names_principals(resource: ResourceValidationArgs) -> Complaints:
    """Nobody may use a bucket or a topic, or assume a role, whom its policy does not name."""
    document = resource.props["assumeRolePolicy" if resource.resource_type == ROLE else "policy"]
    for statement in allowed(document):
        if is_for_everybody(statement) or "NotPrincipal" in statement:
            yield "its policy allows something to everybody. Name the principals."


@resource_rule(Severity.HIGH, *RESOURCE_POLICIES)
def policy_limits_services(resource: ResourceValidationArgs) -> Complaints:
    """A bucket or a topic lets an AWS service in only on behalf of a resource, or an account, that it names.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    for statement in allowed(resource.props["policy"]):
        principal = statement.get("Principal", {})
        if isinstance(principal, str) or "Service" not in principal:
            continue
        if not condition_keys(statement) & {"aws:sourcearn", "aws:sourceaccount"}:
            services = ", ".join(as_list(principal["Service"]))
            yield f"{services} may use it for every AWS account. Add a condition on AWS:SourceArn or AWS:SourceAccount."


def _documents(resource: ResourceValidationArgs) -> Iterator[Any]:
    if resource.resource_type == ROLE:
        for inline in resource.props.get("inlinePolicies", []):
            yield inline.get("policy")
    else:
        yield resource.props["policy"]
