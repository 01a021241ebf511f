"""One table from Pulumi's resource types to the API calls that make them: see ``RESOURCES`` at the end.

Each function makes one type of resource. Inputs that it does not mention go to the API by themselves
(:mod:`harness.translate`); what the API does not know, and a type that the table does not know, is an error.
"""

import io
import zipfile
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pulumi
from botocore.exceptions import WaiterError

from harness.addresses import REGION
from harness.creation import Create, Creation, DeploymentError, Outputs
from harness.translate import to_outputs

Made = tuple[str, Outputs]


# --- S3 --------------------------------------------------------------------------------------------------


def bucket(new: Creation) -> Made:
    name, tags = new.take_name("bucket"), new.take("tags")
    new.take("forceDestroy")  # nothing is destroyed one by one here
    new.call("s3", "CreateBucket", Bucket=name)
    new.clients["s3"].put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tag_list(tags)})
    return name, {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketRegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
    }


def bucket_public_access_block(new: Creation) -> Made:
    bucket: str = new.take("bucket")
    new.call("s3", "PutPublicAccessBlock", within="PublicAccessBlockConfiguration", Bucket=bucket)
    return bucket, {}


def bucket_policy(new: Creation) -> Made:
    bucket: str = new.take("bucket")
    new.call("s3", "PutBucketPolicy", Bucket=bucket)
    return bucket, {}


def bucket_encryption(new: Creation) -> Made:
    bucket: str = new.take("bucket")
    new.call("s3", "PutBucketEncryption", within="ServerSideEncryptionConfiguration", Bucket=bucket)
    return bucket, {}


def bucket_versioning(new: Creation) -> Made:
    bucket: str = new.take("bucket")
    new.call("s3", "PutBucketVersioning", Bucket=bucket)
    return bucket, {}


def bucket_lifecycle(new: Creation) -> Made:
    bucket: str = new.take("bucket")
    new.call("s3", "PutBucketLifecycleConfiguration", within="LifecycleConfiguration", Bucket=bucket)
    return bucket, {}


def bucket_object(new: Creation) -> Made:
    key, source, content, base64 = (new.take(name) for name in ("key", "source", "content", "contentBase64"))
    if source is not None:
        body = Path(source.path).read_bytes()
    else:
        body = b64decode(base64) if content is None else content.encode()
    new.call("s3", "PutObject", Key=key, Body=body, Tagging=urlencode(new.take("tags", {})))
    return key, {}


def _tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


# --- IAM -------------------------------------------------------------------------------------------------


def role(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("iam", "CreateRole", rename={"assumeRolePolicy": "AssumeRolePolicyDocument"}, RoleName=name)
    return name, {"name": name, "arn": made["Role"]["Arn"]}


def role_policy(new: Creation) -> Made:
    name, role = new.take_name(), new.take("role")
    new.call("iam", "PutRolePolicy", rename={"policy": "PolicyDocument"}, RoleName=role, PolicyName=name)
    return f"{role}:{name}", {"name": name}


# --- SageMaker -------------------------------------------------------------------------------------------


def sagemaker_model(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("sagemaker", "CreateModel", ModelName=name)
    return name, {"name": name, "arn": made["ModelArn"]}


def endpoint_configuration(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("sagemaker", "CreateEndpointConfig", rename={"kmsKeyArn": "KmsKeyId"}, EndpointConfigName=name)
    return name, {"name": name, "arn": made["EndpointConfigArn"]}


def endpoint(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("sagemaker", "CreateEndpoint", EndpointName=name)
    sagemaker = new.clients["sagemaker"]
    try:
        # Like the AWS provider, which is done when the endpoint is in service; but asks more often.
        sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 12000}
        )
    except WaiterError:
        described = sagemaker.describe_endpoint(EndpointName=name)
        raise DeploymentError(
            f"{new.label}: the endpoint is {described['EndpointStatus']}. {described.get('FailureReason', '')}"
        ) from None
    return name, {"name": name, "arn": made["EndpointArn"]}


def scalable_target(new: Creation) -> Made:
    new.call("application-autoscaling", "RegisterScalableTarget")
    return new.inputs["resourceId"], {}


def scaling_policy(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("application-autoscaling", "PutScalingPolicy", PolicyName=name)
    return name, {"name": name, "arn": made["PolicyARN"]}


# --- Lambda and its logs ---------------------------------------------------------------------------------


def log_group(new: Creation) -> Made:
    name, retention = new.take_name(), new.take("retentionInDays")
    new.take("skipDestroy")  # nothing is destroyed one by one here
    new.call("logs", "CreateLogGroup", logGroupName=name)
    if retention is not None:
        new.clients["logs"].put_retention_policy(logGroupName=name, retentionInDays=int(retention))
    account = new.clients.identity["Account"]
    return name, {"name": name, "arn": f"arn:aws:logs:{REGION}:{account}:log-group:{name}"}


def function(new: Creation) -> Made:
    name, code, concurrency = new.take_name(), new.take("code"), new.take("reservedConcurrentExecutions")
    made = new.call("lambda", "CreateFunction", FunctionName=name, Code={"ZipFile": zip_archive(code)})
    if concurrency is not None:
        new.clients["lambda"].put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(concurrency))
    arn = made["FunctionArn"]
    invoke_arn = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    return name, {"name": name, "arn": arn, "invokeArn": invoke_arn}


def zip_archive(archive: Any) -> bytes:
    """The deployment package that the AWS provider would make of a ``pulumi.AssetArchive`` of files and texts."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as file:
        for path, asset in sorted(archive.assets.items()):
            if isinstance(asset, pulumi.StringAsset):
                file.writestr(path, asset.text)
            else:
                file.write(asset.path, path)
    return package.getvalue()


def permission(new: Creation) -> Made:
    statement = new.take_name("statementId")
    new.call("lambda", "AddPermission", rename={"function": "FunctionName"}, StatementId=statement)
    return statement, {"statementId": statement}


# --- API Gateway -----------------------------------------------------------------------------------------


def http_api(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateApi", Name=new.take_name())
    account = new.clients.identity["Account"]
    execution_arn = f"arn:aws:execute-api:{REGION}:{account}:{made['ApiId']}"
    return made["ApiId"], to_outputs(made) | {"executionArn": execution_arn}


def integration(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateIntegration")
    return made["IntegrationId"], to_outputs(made)


def route(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateRoute")
    return made["RouteId"], to_outputs(made)


def stage(new: Creation) -> Made:
    """The API keeps the routes' settings by route, the AWS provider in a list."""
    name = new.take_name()
    settings = {(route := dict(item)).pop("routeKey"): route for item in new.take("routeSettings", [])}
    new.put("routeSettings", settings)
    made = new.call("apigatewayv2", "CreateStage", StageName=name)
    return name, to_outputs(made)


def authorizer(new: Creation) -> Made:
    """The API writes ``Audience`` and ``IdentitySource`` for what the AWS provider calls by the plural."""
    jwt = dict(new.take("jwtConfiguration"))
    new.put("jwtConfiguration", {"audience": jwt.pop("audiences"), **jwt})
    made = new.call(
        "apigatewayv2", "CreateAuthorizer", rename={"identitySources": "IdentitySource"}, Name=new.take_name()
    )
    return made["AuthorizerId"], to_outputs(made)


def domain_name(new: Creation) -> Made:
    new.put("domainNameConfigurations", [new.take("domainNameConfiguration")])
    made = new.call("apigatewayv2", "CreateDomainName")
    (configuration,) = made["DomainNameConfigurations"]
    target = {"targetDomainName": configuration["ApiGatewayDomainName"]}
    return made["DomainName"], {"domainNameConfiguration": new.inputs["domainNameConfiguration"] | target}


def api_mapping(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateApiMapping")
    return made["ApiMappingId"], to_outputs(made)


# --- CloudFront ------------------------------------------------------------------------------------------


def origin_access_control(new: Creation) -> Made:
    name = new.take_name()
    made = new.call(
        "cloudfront",
        "CreateOriginAccessControl",
        within="OriginAccessControlConfig",
        OriginAccessControlConfig={"Name": name},
    )
    return made["OriginAccessControl"]["Id"], {"name": name}


def response_headers_policy(new: Creation) -> Made:
    name = new.take_name()
    made = new.call(
        "cloudfront",
        "CreateResponseHeadersPolicy",
        within="ResponseHeadersPolicyConfig",
        ResponseHeadersPolicyConfig={"Name": name},
    )
    return made["ResponseHeadersPolicy"]["Id"], {"name": name}


def distribution(new: Creation) -> Made:
    """CloudFront's API nests some of what the AWS provider writes flat."""
    new.put("defaultCacheBehavior", _cache_behavior(dict(new.take("defaultCacheBehavior"))))
    new.put("cacheBehaviors", [_cache_behavior(dict(item)) for item in new.take("orderedCacheBehaviors", [])])
    new.put("origins", [_s3_origin(dict(origin)) for origin in new.take("origins")])
    tags = new.take("tags")
    made = new.call(
        "cloudfront",
        "CreateDistribution",
        within="DistributionConfig",
        DistributionConfig={"CallerReference": new.label, "Comment": new.take("comment", "")},
    )["Distribution"]
    new.clients["cloudfront"].tag_resource(Resource=made["ARN"], Tags={"Items": _tag_list(tags)})
    return made["Id"], {"arn": made["ARN"], "domainName": made["DomainName"]}


def _cache_behavior(behavior: dict[str, Any]) -> dict[str, Any]:
    allowed = behavior.pop("allowedMethods")
    methods = {"quantity": len(allowed), "items": allowed, "cachedMethods": behavior.pop("cachedMethods")}
    return behavior | {"allowedMethods": methods}


def _s3_origin(origin: dict[str, Any]) -> dict[str, Any]:
    return {"id": origin.pop("originId"), "s3OriginConfig": {"originAccessIdentity": ""}, **origin}


# --- CloudWatch and SNS ----------------------------------------------------------------------------------


def metric_alarm(new: Creation) -> Made:
    """The API lists dimensions, which the AWS provider maps, and nests a query's metric deeper."""
    name, account = new.take_name(), new.clients.identity["Account"]
    new.put("dimensions", _dimensions(new.take("dimensions")))
    new.put("metrics", [_metric_query(dict(query)) for query in new.take("metricQueries", [])])
    new.call("cloudwatch", "PutMetricAlarm", AlarmName=name)
    return name, {"name": name, "arn": f"arn:aws:cloudwatch:{REGION}:{account}:alarm:{name}"}


def _dimensions(dimensions: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in (dimensions or {}).items()]


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    if metric := dict(query.pop("metric", None) or {}):
        statistics = {key: metric.pop(key) for key in ("period", "stat")}
        query["metricStat"] = statistics | {"metric": metric | {"dimensions": _dimensions(metric.pop("dimensions"))}}
    return query


def dashboard(new: Creation) -> Made:
    name: str = new.take("dashboardName")
    new.call("cloudwatch", "PutDashboard", DashboardName=name)
    return name, {}


def topic(new: Creation) -> Made:
    name = new.take_name()
    arn: str = new.call("sns", "CreateTopic", Name=name)["TopicArn"]
    return arn, {"name": name, "arn": arn}


def topic_policy(new: Creation) -> Made:
    arn, policy = new.take("arn"), new.take("policy")
    new.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn, {}


def topic_subscription(new: Creation) -> Made:
    made = new.call("sns", "Subscribe", rename={"topic": "TopicArn"}, ReturnSubscriptionArn=True)
    return made["SubscriptionArn"], {"arn": made["SubscriptionArn"]}


# --- The tables ------------------------------------------------------------------------------------------

RESOURCES: dict[str, Create] = {
    "aws:apigatewayv2/api:Api": http_api,
    "aws:apigatewayv2/apiMapping:ApiMapping": api_mapping,
    "aws:apigatewayv2/authorizer:Authorizer": authorizer,
    "aws:apigatewayv2/domainName:DomainName": domain_name,
    "aws:apigatewayv2/integration:Integration": integration,
    "aws:apigatewayv2/route:Route": route,
    "aws:apigatewayv2/stage:Stage": stage,
    "aws:appautoscaling/policy:Policy": scaling_policy,
    "aws:appautoscaling/target:Target": scalable_target,
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:cloudfront/originAccessControl:OriginAccessControl": origin_access_control,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": response_headers_policy,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:lambda/function:Function": function,
    "aws:lambda/permission:Permission": permission,
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucket_lifecycle,
    "aws:s3/bucketObject:BucketObject": bucket_object,
    "aws:s3/bucketPolicy:BucketPolicy": bucket_policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket_public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucket_encryption,
    "aws:s3/bucketVersioning:BucketVersioning": bucket_versioning,
    "aws:sagemaker/endpoint:Endpoint": endpoint,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": endpoint_configuration,
    "aws:sagemaker/model:Model": sagemaker_model,
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicPolicy:TopicPolicy": topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": topic_subscription,
}
"""How each resource type of Pulumi's is made in the emulators."""
