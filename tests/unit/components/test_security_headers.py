"""The security headers: a page that may do what it must, and nothing else."""

from typing import Any

from components.security_headers import SecurityHeaders
from tests.unit.recording import record


def made(over_https: bool = True) -> dict[str, Any]:
    return record(
        lambda: SecurityHeaders("headers", {"connect_sources": ["https://api.test"], "over_https": over_https})
    ).one(":ResponseHeadersPolicy")


def content_security_policy(over_https: bool = True) -> list[str]:
    policy: str = made(over_https)["securityHeadersConfig"]["contentSecurityPolicy"]["contentSecurityPolicy"]
    return policy.split("; ")


def test_the_page_may_use_its_own_files_images_and_the_api_and_nothing_else() -> None:
    assert content_security_policy() == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data: blob: https:",
        "connect-src 'self' https://api.test",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]


def test_browsers_neither_guess_types_nor_tell_others_where_they_come_from() -> None:
    headers = made()["securityHeadersConfig"]
    assert headers["contentTypeOptions"] == {"override": True}
    assert headers["referrerPolicy"]["referrerPolicy"] == "no-referrer"


def test_no_other_window_gets_hold_of_the_pages() -> None:
    (header,) = made()["customHeadersConfig"]["items"]
    assert (header["header"], header["value"]) == ("Cross-Origin-Opener-Policy", "same-origin")


def test_over_https_it_stays_so() -> None:
    assert made()["securityHeadersConfig"]["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31_536_000


def test_over_http_it_shows_http_images_and_promises_no_https() -> None:
    assert content_security_policy(over_https=False)[4].endswith(" http:")
    assert "strictTransportSecurity" not in made(over_https=False)["securityHeadersConfig"]
