"""A dashboard for an API, its function and its endpoint, all of which exist already."""

import pulumi

from components.dashboard import Dashboard

dashboard = Dashboard(
    "dashboard",
    {
        "dashboard_name": "cats",
        "api_id": "a1b2c3d4",
        "function_name": "cats-predict",
        "endpoint_name": "cats-endpoint",
        "has_instances": True,
    },
)
pulumi.export("dashboard", dashboard.name)
