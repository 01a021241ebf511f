"""The page's files, and the configuration that it reads."""

import base64
import gzip
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


def test_page_files_for_browsers_are_stored_compressed_and_others_plain(content: list[dict[str, Any]]) -> None:
    encodings = {file["key"]: file.get("contentEncoding") for file in content}
    assert encodings == {"index.html": "gzip", "app.js": "gzip", "samples/1.jpg": None, "config.json": None}
    (script,) = [file for file in content if file["key"] == "app.js"]
    assert gzip.decompress(base64.b64decode(script["contentBase64"])) == b"x"


def page(tmp_path: Path, text: str) -> str:
    (tmp_path / "index.html").write_text(text)
    objects = record(
        lambda: SiteContent(
            "page",
            {
                "bucket_name": "bucket",
                "directory": str(tmp_path),
                "config": {},
                "connect_source": 'https://api.test/predict?"',
            },
        )
    ).of_type(":BucketObject")
    (index,) = [file for file in objects if file["key"] == "index.html"]
    return gzip.decompress(base64.b64decode(index["contentBase64"])).decode()


def test_page_may_send_to_its_api_and_nowhere_else(tmp_path: Path) -> None:
    assert page(tmp_path, '<head><meta charset="utf-8"><title>x</title>') == (
        '<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        "content=\"connect-src 'self' https://api.test/predict?&quot;\"><title>x</title>"
    )


def test_page_without_a_place_for_the_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="meta charset"):
        page(tmp_path, "<title>x</title>")


def test_page_configuration_is_never_cached(content: list[dict[str, Any]]) -> None:
    (config,) = [file for file in content if file["key"] == "config.json"]
    assert config["cacheControl"] == "no-store"
    assert json.loads(config["content"]) == {"apiUrl": "https://api.test"}


def test_page_file_of_unknown_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.unknownending").write_text("x")
    with pytest.raises(pulumi.RunError, match=r"data\.unknownending"):
        record(lambda: SiteContent("page", {"bucket_name": "bucket", "directory": str(tmp_path), "config": {}}))
