"""One table from Pulumi's resource types to the API calls that make them: see ``RESOURCES`` at the end.

Each function makes one type of resource. Inputs that it does not mention go to the API by themselves
(:mod:`harness.translate`); what the API does not know, and a type that the table does not know, is an error.
"""

import io
import zipfile
from base64 import b64decode
from pathlib import Path
from typing import Any

import pulumi
from botocore.exceptions import WaiterError

from harness.clients import REGION
from harness.creation import Create, Creation, DeploymentError, Outputs
from harness.translate import to_outputs

Made = tuple[str, Outputs]


# --- S3 --------------------------------------------------------------------------------------------------


def bucket(new: Creation) -> Made:
    name = new.take_name("bucket")
    new.call("s3", "CreateBucket", Bucket=name)
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


def bucket_object(new: Creation) -> Made:
    key, source, content, base64 = (new.take(name) for name in ("key", "source", "content", "contentBase64"))
    if source is not None:
        body = Path(source.path).read_bytes()
    else:
        body = b64decode(base64) if content is None else content.encode()
    new.call("s3", "PutObject", Key=key, Body=body)
    return key, {}


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
    made = new.call("sagemaker", "CreateEndpointConfig", EndpointConfigName=name)
    return name, {"name": name, "arn": made["EndpointConfigArn"]}


def endpoint(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("sagemaker", "CreateEndpoint", EndpointName=name)
    sagemaker = new.clients["sagemaker"]
    try:
        # Like the AWS provider, which is done when the endpoint is in service; but asks more often.
        sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 6000}
        )
    except WaiterError:
        described = sagemaker.describe_endpoint(EndpointName=name)
        raise DeploymentError(
            f"{new.label}: the endpoint is {described['EndpointStatus']}. {described.get('FailureReason', '')}"
        ) from None
    return name, {"name": name, "arn": made["EndpointArn"]}


# --- Lambda and its logs ---------------------------------------------------------------------------------


def log_group(new: Creation) -> Made:
    name, retention = new.take_name(), new.take("retentionInDays")
    new.call("logs", "CreateLogGroup", logGroupName=name)
    if retention is not None:
        new.clients["logs"].put_retention_policy(logGroupName=name, retentionInDays=int(retention))
    account = new.clients["sts"].get_caller_identity()["Account"]
    return name, {"name": name, "arn": f"arn:aws:logs:{REGION}:{account}:log-group:{name}"}


def function(new: Creation) -> Made:
    name, code = new.take_name(), new.take("code")
    made = new.call("lambda", "CreateFunction", FunctionName=name, Code={"ZipFile": zip_archive(code)})
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
    account = new.clients["sts"].get_caller_identity()["Account"]
    execution_arn = f"arn:aws:execute-api:{REGION}:{account}:{made['ApiId']}"
    return made["ApiId"], to_outputs(made) | {"executionArn": execution_arn}


def integration(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateIntegration")
    return made["IntegrationId"], to_outputs(made)


def route(new: Creation) -> Made:
    made = new.call("apigatewayv2", "CreateRoute")
    return made["RouteId"], to_outputs(made)


def stage(new: Creation) -> Made:
    name = new.take_name()
    made = new.call("apigatewayv2", "CreateStage", StageName=name)
    return name, to_outputs(made)


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
    behavior = dict(new.take("defaultCacheBehavior"))
    allowed = behavior.pop("allowedMethods")
    methods = {"quantity": len(allowed), "items": allowed, "cachedMethods": behavior.pop("cachedMethods")}
    new.put("defaultCacheBehavior", behavior | {"allowedMethods": methods})
    new.put("origins", [_s3_origin(dict(origin)) for origin in new.take("origins")])
    made = new.call(
        "cloudfront",
        "CreateDistribution",
        within="DistributionConfig",
        DistributionConfig={"CallerReference": new.label, "Comment": new.take("comment", "")},
    )["Distribution"]
    return made["Id"], {"arn": made["ARN"], "domainName": made["DomainName"]}


def _s3_origin(origin: dict[str, Any]) -> dict[str, Any]:
    return {"id": origin.pop("originId"), "s3OriginConfig": {"originAccessIdentity": ""}, **origin}


# --- The tables ------------------------------------------------------------------------------------------

RESOURCES: dict[str, Create] = {
    "aws:apigatewayv2/api:Api": http_api,
    "aws:apigatewayv2/integration:Integration": integration,
    "aws:apigatewayv2/route:Route": route,
    "aws:apigatewayv2/stage:Stage": stage,
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:cloudfront/originAccessControl:OriginAccessControl": origin_access_control,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": response_headers_policy,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:lambda/function:Function": function,
    "aws:lambda/permission:Permission": permission,
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketObject:BucketObject": bucket_object,
    "aws:s3/bucketPolicy:BucketPolicy": bucket_policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket_public_access_block,
    "aws:sagemaker/endpoint:Endpoint": endpoint,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": endpoint_configuration,
    "aws:sagemaker/model:Model": sagemaker_model,
}
"""How each resource type of Pulumi's is made in the emulators."""
