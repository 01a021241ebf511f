"""The artifact's bucket: nobody from outside gets in, and nothing that served is lost."""

import hashlib
import json
from pathlib import Path

import pytest

from components.model_artifact import ModelArtifact, ModelArtifactArgs
from tests.unit.recording import Resources, record


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"weights")
    return file


def made(artifact: Path, **others: bool) -> Resources:
    args: ModelArtifactArgs = {"path": str(artifact)} | others  # type: ignore[assignment]
    return record(lambda: ModelArtifact("model", args))


def test_the_key_contains_the_hash_of_the_content(artifact: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()[:12]
    assert made(artifact).one(":BucketObject")["key"] == f"models/{digest}/model.tar.gz"


def test_every_kind_of_public_access_is_blocked(artifact: Path) -> None:
    block = made(artifact).one(":BucketPublicAccessBlock")
    assert {value for key, value in block.items() if key != "bucket"} == {True}
    assert len(block) == 5


def test_content_is_encrypted(artifact: Path) -> None:
    (rule,) = made(artifact).one(":BucketServerSideEncryptionConfiguration")["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def test_old_versions_are_kept_for_a_while(artifact: Path) -> None:
    resources = made(artifact)
    assert resources.one(":BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}
    (rule,) = resources.one(":BucketLifecycleConfiguration")["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_plain_http_is_refused(artifact: Path) -> None:
    (statement,) = json.loads(made(artifact).one(":BucketPolicy")["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == ["arn:of:model-artifacts", "arn:of:model-artifacts/*"]


def test_the_bucket_goes_with_the_stack_unless_its_data_are_kept(artifact: Path) -> None:
    for_now, for_good = made(artifact), made(artifact, keep_data=True)
    assert for_now.one(":Bucket")["forceDestroy"] is True
    assert for_now.protected() == set()
    assert for_good.one(":Bucket")["forceDestroy"] is False
    assert for_good.protected() == {"model-artifacts"}
