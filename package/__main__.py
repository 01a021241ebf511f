"""Pulumi starts the components' package here, for programs in other languages: ``pulumi package add ./package``."""

import sys
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

# Pulumi runs this folder as a program. The components are beside it, not in it.
sys.path.insert(0, str(Path(__file__).parent.parent))

from components.alarm_topic import AlarmTopic
from components.dashboard import Dashboard
from components.data_capture import DataCapture
from components.endpoint_alarms import EndpointAlarms
from components.endpoint_autoscaling import EndpointAutoscaling
from components.http_api import HttpApi
from components.inference_endpoint import InferenceEndpoint
from components.model_artifact import ModelArtifact
from components.predict_function import PredictFunction
from components.request_alarms import RequestAlarms
from components.site_content import SiteContent
from components.static_site import StaticSite

if __name__ == "__main__":
    component_provider_host(
        [
            AlarmTopic,
            Dashboard,
            DataCapture,
            EndpointAlarms,
            EndpointAutoscaling,
            HttpApi,
            InferenceEndpoint,
            ModelArtifact,
            PredictFunction,
            RequestAlarms,
            SiteContent,
            StaticSite,
        ],
        name="object-counting",
    )
