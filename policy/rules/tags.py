"""Tags: whoever finds a resource in the account can tell where it comes from."""

from pulumi_policy import ResourceValidationArgs, Severity

from .rule import Complaints, is_set, properties, resource_rule

TAGS = ("project", "stack")

TAGGABLE = (
    "aws:apigatewayv2/api:Api",
    "aws:apigatewayv2/domainName:DomainName",
    "aws:apigatewayv2/stage:Stage",
    "aws:appautoscaling/target:Target",
    "aws:cloudfront/distribution:Distribution",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:lambda/function:Function",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketObject:BucketObject",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/model:Model",
    "aws:sns/topic:Topic",
)
"""Types that have tags. A resource does not tell whether it could; the tests hold this against the AWS SDK."""


@resource_rule(Severity.LOW, *TAGGABLE)
def resource_has_tags(resource: ResourceValidationArgs) -> Complaints:
    """Everything that can have tags has the tags project and stack."""
    for tag in TAGS:
        if not is_set(properties(resource, "tags"), tag):
            yield f"it has no tag {tag!r}. Add it, or call tag_everything before the first resource is made."
