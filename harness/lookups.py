"""One table from Pulumi's data sources to the API calls, or facts, that answer them."""

from collections.abc import Callable
from typing import Any

from harness.addresses import REGION
from harness.clients import Clients

# The account that owns AWS's framework containers in most regions, us-east-1 among them.
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/ecr-us-east-1.html
CONTAINER_ACCOUNT = "763104351884"

# Takes what it understands out of the arguments; what is left over is an error.
Lookup = Callable[[dict[str, Any], Clients], dict[str, Any]]


def region(_: dict[str, Any], clients: Clients) -> dict[str, Any]:
    return {"region": REGION, "name": REGION, "id": REGION}


def partition(_: dict[str, Any], clients: Clients) -> dict[str, Any]:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}


def caller_identity(_: dict[str, Any], clients: Clients) -> dict[str, Any]:
    identity = clients.identity
    return {
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
        "id": identity["Account"],
    }


def prebuilt_ecr_image(args: dict[str, Any], clients: Clients) -> dict[str, Any]:
    repository, tag = args.pop("repositoryName"), args.pop("imageTag")
    registry = f"{CONTAINER_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    return {"registryId": CONTAINER_ACCOUNT, "registryPath": f"{registry}/{repository}:{tag}"}


LOOKUPS: dict[str, Lookup] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getRegion:getRegion": region,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": prebuilt_ecr_image,
}
"""How each data source of Pulumi's is answered."""
