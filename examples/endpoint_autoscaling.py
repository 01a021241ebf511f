"""One to four instances for an endpoint that exists already."""

from components.endpoint_autoscaling import EndpointAutoscaling

EndpointAutoscaling(
    "autoscaling",
    {
        "scalable_variant": "endpoint/cats-endpoint/variant/AllTraffic",
        "min_instances": 1,
        "max_instances": 4,
        "metric": "concurrency",
        "target": 5,
        "scale_out_cooldown_seconds": 60,
        "scale_in_cooldown_seconds": 300,
    },
)
