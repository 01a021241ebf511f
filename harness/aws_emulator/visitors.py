"""Under the host name of an API or of a distribution, only that answers, as on AWS."""

from collections.abc import Mapping
from typing import Any

import ministack.app

from harness.aws_emulator.answer import Answer


def keep_aws_apis_out() -> None:
    """Let nothing but the API or the distribution answer under a name that visitors use.

    MiniStack looks at the path before it looks at the host: `/v2/email/identities` is SES under every name, also one
    that web pages may send to. A name that nothing has answers 404.
    """
    before_body, after_body = ministack.app._handle_pre_body_request, ministack.app._handle_post_body_shortcuts
    by_host = ministack.app._handle_special_data_plane_request

    async def except_for_visitors(handle: Any, method: str, path: str, headers: Mapping[str, str], *rest: Any) -> Any:
        return None if is_for_visitors(headers.get("host", ""), path) else await handle(method, path, headers, *rest)

    async def handle_by_host(method: str, path: str, headers: dict[str, str], *rest: Any, **more: Any) -> Any:
        if is_for_visitors(headers.get("host", ""), path):
            return await _answer(method, path, headers, *rest, **more)
        return await by_host(method, path, headers, *rest, **more)

    ministack.app._handle_pre_body_request = lambda *request: except_for_visitors(before_body, *request)
    ministack.app._handle_post_body_shortcuts = lambda *request: except_for_visitors(after_body, *request)
    ministack.app._handle_special_data_plane_request = handle_by_host


def is_for_visitors(host: str, path: str) -> bool:
    """Whether a request is for the host name of an API, or of a distribution."""
    is_api = ministack.app._EXECUTE_API_RE.match(host) or ministack.app._resolve_custom_domain_request(host, path)
    return bool(is_api or ministack.app._parse_cloudfront_dataplane_host(host))


async def _answer(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, list[str]],
    request_id: str,
    *,
    raw_path: str | None,
    raw_query_string: str,
    client_ip: str,
) -> Answer:
    """What the API or the distribution answers."""
    host, emulator = headers["host"], ministack.app
    if emulator._parse_cloudfront_dataplane_host(host):
        from_distribution: Answer | None = await emulator._handle_cloudfront_dataplane_request(
            host, path, raw_path or path, raw_query_string, method, headers, body, query, client_ip
        )
        return from_distribution or (404, {"Content-Type": "text/plain"}, b"There is no such distribution.\n")
    from_api = await emulator._handle_execute_api_request(
        host, path, method, headers, body, query, raw_path=raw_path, raw_query_string=raw_query_string
    )
    answer: Answer = emulator._with_data_plane_headers(from_api, request_id, wildcard_cors=False)
    return answer
