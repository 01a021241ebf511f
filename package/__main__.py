"""Pulumi starts the components' package here, for programs in other languages: ``pulumi package add ./package``."""

import sys
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

# Pulumi runs this folder as a program. The components are beside it, not in it.
sys.path.insert(0, str(Path(__file__).parent.parent))

from components.alarm_topic import AlarmTopic
from components.api_domain import ApiDomain
from components.api_route import ApiRoute
from components.api_stage import ApiStage
from components.dashboard import Dashboard
from components.data_capture import DataCapture
from components.endpoint_alarms import EndpointAlarms
from components.endpoint_autoscaling import EndpointAutoscaling
from components.endpoint_configuration import EndpointConfiguration
from components.http_api import HttpApi
from components.inference_endpoint import InferenceEndpoint
from components.model_artifact import ModelArtifact
from components.predict_function import PredictFunction
from components.request_alarms import RequestAlarms
from components.security_headers import SecurityHeaders
from components.site_content import SiteContent
from components.static_site import StaticSite

if __name__ == "__main__":
    component_provider_host(
        [
            AlarmTopic,
            ApiDomain,
            ApiRoute,
            ApiStage,
            Dashboard,
            DataCapture,
            EndpointAlarms,
            EndpointAutoscaling,
            EndpointConfiguration,
            HttpApi,
            InferenceEndpoint,
            ModelArtifact,
            PredictFunction,
            RequestAlarms,
            SecurityHeaders,
            SiteContent,
            StaticSite,
        ],
        name="object-counting",
    )
