"""The default stage of an HTTP API that exists already, with two routes."""

import pulumi

from components.api_stage import ApiStage

stage = ApiStage(
    "stage",
    {
        "api_id": "a1b2c3d4",
        "api_name": "cats-api",
        "route_keys": ["POST /predict", "GET /breeds"],
        "throttle": {"rate": 10, "burst": 20},
    },
)
pulumi.export("stage", stage.stage_name)
