"""The Pulumi program: a model artifact becomes an endpoint, a public ``POST /predict``, and a page that uses it."""

import pulumi
import pulumi_aws as aws

from components.http_api import HttpApi
from components.inference_endpoint import InferenceEndpoint
from components.model_artifact import ModelArtifact
from components.predict_function import PredictFunction
from components.settings import Settings
from components.site_content import SiteContent
from components.static_site import StaticSite

settings = Settings.load(pulumi.Config())

# The page's security policy names the API by a pattern. Its exact origin would close a circle: the API is told the
# page's origin for CORS, and the page's distribution needs the policy before it has an origin.
region = aws.get_region_output().region
api_origins = region.apply(lambda region: settings.api_origins.format(region=region))

site = StaticSite("site", {"url_template": settings.page_url, "connect_sources": [api_origins]})
trusted_origins = {"TRUSTED_IMAGE_ORIGINS": site.url} if settings.trust_page_origin else {}
runtime_url = (
    {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.sagemaker_runtime_url} if settings.sagemaker_runtime_url else {}
)

artifact = ModelArtifact("model", {"path": str(settings.model_artifact)})

endpoint_name = f"{settings.name}-endpoint"
endpoint = InferenceEndpoint(
    "inference",
    {
        "endpoint_name": endpoint_name,
        "model_url": artifact.url,
        "model_arn": artifact.readable_arn,
        "image_tag": settings.inference_image_tag,
        "instance_type": settings.instance_type,
        "environment": trusted_origins,
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
            **trusted_origins,
            **runtime_url,
        },
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
    },
)

SiteContent(
    "page",
    {
        "bucket_name": site.bucket_name,
        "directory": "site",
        "config": {
            "apiUrl": api.url,
            "title": settings.title,
            "answerTemplate": settings.answer_template,
            "labels": settings.labels,
            "samples": [{"label": sample.label, "url": sample.url} for sample in settings.samples],
            "translations": settings.translations,
            "imageSize": settings.image_size,
            "maxImageBytes": settings.max_image_bytes,
        },
    },
)

pulumi.export("pageUrl", site.url)
pulumi.export("predictUrl", api.url)
pulumi.export("apiId", api.api_id)
pulumi.export("endpointName", endpoint_name)
pulumi.export("functionName", function.function_name)
