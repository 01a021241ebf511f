"""No permission is wider than it must be without saying why."""

from pathlib import Path

import pulumi
import pytest

from components.service_role import ServiceRole, Statement
from harness.project import PROJECT
from tests.unit.recording import record

COMPONENTS = sorted((PROJECT / "components").glob("*.py"))


def role(statement: Statement) -> ServiceRole:
    return ServiceRole("role", {"service": "lambda.amazonaws.com", "statements": [statement]})


@pytest.mark.parametrize(
    "statement",
    [
        Statement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(actions=["s3:*"], resources=["arn:aws:s3:::bucket/*"]),
        Statement(actions=["s3:GetObject", "*"], resources=[pulumi.Output.from_input("arn:aws:s3:::bucket/*")]),
        Statement(actions=["ecr:GetAuthorizationToken"], resources=["*"], reason=""),
    ],
)
def test_a_wildcard_needs_a_reason(statement: Statement) -> None:
    with pytest.raises(ValueError, match="must give its reason"):
        record(lambda: role(statement))


def test_a_wildcard_with_a_reason_is_made_and_the_reason_stays_in_the_source() -> None:
    statement = Statement(actions=["ecr:GetAuthorizationToken"], resources=["*"], reason="it knows no resource")
    policy = record(lambda: role(statement)).one(":RolePolicy")["policy"]
    assert '"Resource": ["*"]' in policy
    assert "it knows no resource" not in policy


@pytest.mark.parametrize("file", COMPONENTS, ids=lambda file: str(file.name))
def test_every_role_of_a_component_is_a_service_role(file: Path) -> None:
    """So that there is no way around the reasons."""
    makes_roles = "aws.iam." in file.read_text()
    assert makes_roles == (file.name == "service_role.py")
