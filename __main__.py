"""The Pulumi program: a model artifact becomes an endpoint, a public ``POST /predict``, and a page that uses it."""

import pulumi
import pulumi_aws as aws

from components.alarm_topic import AlarmTopic
from components.dashboard import Dashboard
from components.data_capture import DataCapture
from components.default_tags import tag_everything
from components.endpoint_alarms import EndpointAlarms
from components.endpoint_autoscaling import EndpointAutoscaling
from components.endpoint_configuration import CaptureArgs
from components.http_api import HttpApi
from components.inference_endpoint import InferenceEndpoint
from components.model_artifact import ModelArtifact
from components.predict_function import PredictFunction
from components.request_alarms import RequestAlarms
from components.settings import Settings
from components.site_content import SiteContent
from components.static_site import StaticSite

settings = Settings.load(pulumi.Config())
operation = settings.operation
tag_everything({"project": pulumi.get_project(), "stack": pulumi.get_stack(), **settings.tags})

# The headers' security policy names the API by a pattern. Its exact origin would close a circle: the API is told the
# page's origin for CORS, and the page's distribution needs the policy before it has an origin. The page itself, which
# is made last, names the API exactly.
region = aws.get_region_output().region
api_domain = settings.api.domain
api_origin = (
    f"https://{api_domain['name']}"
    if api_domain
    else region.apply(lambda region: settings.page.api_origins.format(region=region))
)
site = StaticSite(
    "site",
    {
        "url_template": settings.page.url_template,
        "connect_sources": [api_origin],
        "never_cached": ["/config.json"],
        "domain": settings.page.domain,
    },
)
# The function and the model both fetch images from the web.
fetching: dict[str, pulumi.Input[str]] = {}
if settings.trust_page_origin:
    fetching["TRUSTED_IMAGE_ORIGINS"] = site.url
if settings.allowed_image_hosts:
    fetching["ALLOWED_IMAGE_HOSTS"] = " ".join(settings.allowed_image_hosts)
runtime_url = (
    {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.sagemaker_runtime_url} if settings.sagemaker_runtime_url else {}
)

artifact = ModelArtifact(
    "model",
    {
        "path": str(settings.model_artifact),
        "keep_data": operation.keep_data,
    },
)

endpoint_name = f"{settings.name}-endpoint"
has_instances = settings.endpoint.serverless is None
topic = AlarmTopic("alarms", {"email": operation.alarm_email})
endpoint_alarms = EndpointAlarms(
    "endpoint-alarms",
    {
        "endpoint_name": endpoint_name,
        "has_instances": has_instances,
        "slowest_answer_seconds": operation.slowest_answer_seconds,
        "actions": [topic.arn],
    },
)

capture: CaptureArgs | None = None
if settings.endpoint.capture_percentage:
    records = DataCapture("capture", {"keep_data": operation.keep_data})
    capture = {"url": records.url, "arn": records.arn, "percentage": settings.endpoint.capture_percentage}

endpoint = InferenceEndpoint(
    "inference",
    {
        "endpoint_name": endpoint_name,
        "model_url": artifact.url,
        "model_arn": artifact.readable_arn,
        "image": settings.endpoint.image,
        "image_tag": None if settings.endpoint.image else settings.endpoint.image_tag,
        "serverless": settings.endpoint.serverless,
        "real_time": {
            "instance_type": settings.endpoint.instance_type,
            "instance_count": settings.endpoint.min_instances,
            "rollback_alarms": endpoint_alarms.rollback_alarms,
            "network_isolation": settings.endpoint.network_isolation,
            "key_arn": settings.endpoint.key_arn,
            "capture": capture,
        }
        if has_instances
        else None,
        "environment": fetching,
        "log_retention_days": operation.log_retention_days,
        "keep_data": operation.keep_data,
    },
)
if autoscaling := settings.endpoint.autoscaling:
    EndpointAutoscaling(
        "autoscaling",
        {
            "scalable_variant": endpoint.scalable_variant,
            "min_instances": settings.endpoint.min_instances,
            "max_instances": autoscaling.max_instances,
            "metric": autoscaling.metric,
            "target": autoscaling.target,
            "scale_out_cooldown_seconds": autoscaling.scale_out_cooldown_seconds,
            "scale_in_cooldown_seconds": autoscaling.scale_in_cooldown_seconds,
        },
    )

function = PredictFunction(
    "predict",
    {
        "function_name": f"{settings.name}-predict",
        "endpoint_arn": endpoint.arn,
        "labels": settings.labels,
        "environment": {
            "ENDPOINT_NAME": endpoint_name,
            "MODEL_NAME": f"{settings.name}-{artifact.digest}",
            "ANSWER_TEMPLATE": settings.answer_template,
            "MAX_IMAGE_BYTES": str(settings.max_image_bytes),
            **fetching,
            **runtime_url,
        },
        "memory_mb": settings.function.memory_mb,
        "timeout_seconds": settings.function.timeout_seconds,
        "reserved_concurrency": settings.function.reserved_concurrency,
        "tracing": settings.function.tracing,
        "log_retention_days": operation.log_retention_days,
        "keep_data": operation.keep_data,
    },
)

api = HttpApi(
    "api",
    {
        "api_name": f"{settings.name}-api",
        "route_key": "POST /predict",
        "function_name": function.function_name,
        "invoke_arn": function.invoke_arn,
        "allowed_origins": [site.url],
        "throttle": settings.api.throttle,
        "domain": api_domain,
        "jwt": settings.api.jwt,
        "log_retention_days": operation.log_retention_days,
        "keep_data": operation.keep_data,
    },
)

SiteContent(
    "page",
    {
        "bucket_name": site.bucket_name,
        "directory": "site",
        "connect_source": api.url,
        "config": {
            "apiUrl": api.url,
            "title": settings.page.title,
            "answerTemplate": settings.answer_template,
            "labels": settings.labels,
            "samples": [{"label": sample.label, "url": sample.url} for sample in settings.page.samples],
            "translations": settings.page.translations,
            "imageSize": settings.page.image_size,
            "maxImageBytes": settings.max_image_bytes,
        },
    },
)

RequestAlarms(
    "request-alarms",
    {
        "prefix": settings.name,
        "api_id": api.api_id,
        "function_name": function.function_name,
        "highest_error_percentage": operation.highest_error_percentage,
        "slowest_answer_seconds": operation.slowest_answer_seconds,
        "actions": [topic.arn],
    },
)
Dashboard(
    "dashboard",
    {
        "dashboard_name": settings.name,
        "api_id": api.api_id,
        "function_name": function.function_name,
        "endpoint_name": endpoint_name,
        "has_instances": has_instances,
    },
)

pulumi.export("pageUrl", site.url)
pulumi.export("predictUrl", api.url)
pulumi.export("apiId", api.api_id)
pulumi.export("endpointName", endpoint_name)
pulumi.export("functionName", function.function_name)
pulumi.export("pageDomainTarget", site.domain_target)
pulumi.export("apiDomainTarget", api.domain_target)
