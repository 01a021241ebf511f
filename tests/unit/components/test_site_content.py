"""The page's files, and the configuration that it reads."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.site_content import SiteContent
from tests.unit.recording import record


@pytest.fixture
def content(tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "samples").mkdir()
    for name in ("index.html", "app.js", "samples/1.jpg", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    return record(
        lambda: SiteContent(
            "page", {"bucket_name": "bucket", "directory": str(tmp_path), "config": {"apiUrl": "https://api.test"}}
        )
    ).of_type(":BucketObject")


def test_page_files_keep_their_paths_and_say_what_they_are(content: list[dict[str, Any]]) -> None:
    types = {file["key"]: file["contentType"] for file in content}
    assert types == {
        "index.html": "text/html; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "samples/1.jpg": "image/jpeg",
        "config.json": "application/json",
    }


def test_page_configuration_is_never_cached(content: list[dict[str, Any]]) -> None:
    (config,) = [file for file in content if file["key"] == "config.json"]
    assert config["cacheControl"] == "no-store"
    assert json.loads(config["content"]) == {"apiUrl": "https://api.test"}


def test_page_file_of_unknown_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.unknownending").write_text("x")
    with pytest.raises(pulumi.RunError, match=r"data\.unknownending"):
        record(lambda: SiteContent("page", {"bucket_name": "bucket", "directory": str(tmp_path), "config": {}}))
