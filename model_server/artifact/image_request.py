"""Finds the image of a request: the body itself, or what the URL in a JSON body leads to."""

from __future__ import annotations

import json
import os
import time
from http import HTTPStatus

from errors import RequestError

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "application/x-image")

# SageMaker's limit of a request body; an image behind a URL may be as large as one that is sent.
MAX_IMAGE_BYTES = 6 * 1024 * 1024
FETCH_SECONDS = 10


def read_image(request_body: bytes | str, content_type: str | None) -> bytes:
    """Return the image file, not yet decoded.

    AWS's containers pass a JSON body as str, every other as bytes or bytearray.

    Raises:
        RequestError: status 415 for a media type that is not supported; 400 if there is no image and no URL, or if the
            URL cannot be fetched.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return _fetch(_url(request_body))
    if media_type not in IMAGE_TYPES:
        supported = ", ".join((*IMAGE_TYPES, "application/json"))
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {media_type or 'missing'}; supported are {supported}."
        )
    if isinstance(request_body, str) or not request_body:
        raise RequestError(HTTPStatus.BAD_REQUEST, "The request has no image.")
    return bytes(request_body)


def _url(request_body: bytes | str) -> str:
    try:
        request = json.loads(request_body)
    except (ValueError, RecursionError) as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"The request is not JSON: {error}") from error
    url = request.get("url") if isinstance(request, dict) else None
    if not isinstance(url, str):
        raise RequestError(HTTPStatus.BAD_REQUEST, 'The request must be a JSON object {"url": "https://..."}.')
    return url


def _fetch(url: str) -> bytes:
    if os.environ.get("SAGEMAKER_NETWORK_ISOLATION", "").lower() == "true":
        raise RequestError(
            HTTPStatus.BAD_REQUEST,
            "This endpoint runs with network isolation and cannot fetch URLs. Send the image itself, as image/jpeg, "
            "image/png or image/webp.",
        )
    # Imported here because endpoints that are only sent bytes do not need it.
    from guarded_fetch import FetchError, fetch

    try:
        image_file: bytes = fetch(
            url,
            deadline=time.monotonic() + FETCH_SECONDS,
            max_bytes=MAX_IMAGE_BYTES,
            trusted_origins=os.environ.get("TRUSTED_IMAGE_ORIGINS", "").split(),
            allowed_hosts=os.environ.get("ALLOWED_IMAGE_HOSTS", "").split(),
        )
    except FetchError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"The image cannot be fetched: {error}") from error
    return image_file
