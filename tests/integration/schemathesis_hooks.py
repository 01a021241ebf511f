"""What schemathesis cannot know from ``openapi.json``: which URLs lead to images, what an image is, and API Gateway.

It loads this file in a process of its own; ``PAGE_URL`` says where the stack's page is.
"""

import io
import os
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.openapi import format as string_format
from schemathesis.openapi import media_type

PAGE_URL = os.environ["PAGE_URL"]
SIDES = st.integers(1, 300)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def picture(kind: str, size: tuple[int, int], colour: tuple[int, int, int]) -> bytes:
    """An image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


# A value of the described type is one that the API must take, so these are URLs that lead to images ...
string_format(
    "uri",
    st.builds(
        "{}/samples/{}.jpg{}{}".format,
        st.just(PAGE_URL),
        st.integers(1, 5),
        st.from_regex(r"(\?[a-z0-9=&%~.-]{0,40})?", fullmatch=True),
        st.from_regex(r"(#[a-z0-9/?-]{0,20})?", fullmatch=True),
    ),
)
# ... and images that a model can read.
for kind in ("jpeg", "png", "webp"):
    media_type(f"image/{kind}", st.builds(picture, st.just(kind), st.tuples(SIDES, SIDES), COLOURS))


@schemathesis.check
def undeclared_methods_are_not_found(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """API Gateway answers them itself: 404, or for OPTIONS the preflight of CORS."""
    if response.request.method not in ("POST", "OPTIONS"):
        assert response.status_code == 404
        assert response.request.method == "HEAD" or response.json() == {"message": "Not Found"}


@schemathesis.check
def one_request_has_one_id(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """The id that a caller reads in the body and in the header is the same."""
    if "json" in response.headers.get("content-type", [""])[0] and "requestId" in response.json():
        assert response.headers["apigw-requestid"] == [response.json()["requestId"]]
