"""The registry as one file, from which the next stand-in in the same directory takes up where this one ended.

An endpoint's model files are kept with it, so that coming back needs nobody else.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.endpoint import Endpoint, Status
from model_server.sagemaker.record import Record

if TYPE_CHECKING:
    from model_server.sagemaker.registry import Registry

log = logging.getLogger(__name__)


def save(registry: "Registry", file: Path) -> None:
    """Write everything that outlives the process. Call with the lock held; the file is always complete."""
    endpoints = [endpoint for endpoint in registry.endpoints.values() if endpoint.status is not Status.DELETING]
    document = {
        "models": [asdict(model) for model in registry.models.values()],
        "endpoint_configs": [asdict(config) for config in registry.endpoint_configs.values()],
        "endpoints": [_saved(endpoint) for endpoint in endpoints],
        "tags": registry.tags,
    }
    unfinished = file.with_suffix(".unfinished")
    try:
        unfinished.write_text(json.dumps(document))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)  # what a full disk has left of it


def restore(registry: "Registry", file: Path) -> None:
    """Fill an empty registry; endpoints that served, or were about to, are started again. Call with the lock held."""
    try:
        document = json.loads(file.read_text())
        models = [Record(**model) for model in document["models"]]
        configs = [Record(**config) for config in document["endpoint_configs"]]
        endpoints = [(_restored(registry, saved), saved["model_files"]) for saved in document["endpoints"]]
        tags = document["tags"]
    except FileNotFoundError:
        return
    except (ValueError, LookupError, TypeError) as error:
        log.warning("%s is not a registry of this version, and is ignored: %r", file, error)
        return
    registry.models = {model.arn: model for model in models}
    registry.endpoint_configs = {config.arn: config for config in configs}
    registry.endpoints = {endpoint.arn: endpoint for endpoint, _ in endpoints}
    registry.tags = tags
    for endpoint, model_files in endpoints:
        if endpoint.status is not Status.FAILED:
            endpoint.deploy(endpoint.deployment, model_files)


def _saved(endpoint: Endpoint) -> dict[str, Any]:
    variant = endpoint.serving or endpoint.incoming
    return {
        "arn": endpoint.arn,
        "name": endpoint.name,
        "created": endpoint.created,
        "deployment": asdict(endpoint.deployment),
        "deployment_config": endpoint.deployment_config,
        "failure_reason": endpoint.failure_reason if endpoint.status is Status.FAILED else None,
        "model_files": variant.folder.name if variant else None,
    }


def _restored(registry: "Registry", saved: dict[str, Any]) -> Endpoint:
    endpoint = registry.new_endpoint(saved["arn"], saved["name"], Deployment(**saved["deployment"]))
    endpoint.created, endpoint.deployment_config = saved["created"], saved["deployment_config"]
    endpoint.failure_reason = saved["failure_reason"]
    if endpoint.failure_reason:
        endpoint.status = Status.FAILED
    return endpoint
