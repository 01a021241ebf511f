"""The page under the security policy of its distribution, and with hostile strings."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from harness import loopback
from tests.e2e.visitor import ANSWER_TIMEOUT_MS, change_config, open_page, status, submit, submit_button
from tests.stack import Stack

MARKUP = '<img src="x" onerror="alert(1)"><script>alert(2)</script>'


@pytest.mark.parametrize("path", ["/", "/app.js", "/style.css", "/config.json", "/openapi.json"])
def test_every_file_comes_with_the_policy_of_the_distribution(stack: Stack, path: str) -> None:
    cloudfront = stack.aws["cloudfront"]
    policies = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]
    (policy,) = [item["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"] for item in policies]
    headers = loopback.request("GET", f"{stack.outputs['pageUrl']}{path}").headers

    security = policy["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert headers["Content-Security-Policy"] == security
    assert "unsafe" not in security
    assert security.startswith("default-src 'none';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_policy_forbids_inline_code_and_eval(opened: Page, page_errors: list[str]) -> None:
    blocked = opened.evaluate(
        """() => {
          const inline = document.createElement("script");
          const violations = [];
          document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
          try { inline.text = "window.ran = 1"; } catch (error) { violations.push(error.name); }
          try { document.body.innerHTML = "<p>"; } catch (error) { violations.push(error.name); }
          document.body.setAttribute("style", "color: red");
          const result = () => [violations, window.ran, document.body.style.color];
          return new Promise((resolve) => setTimeout(() => resolve(result()), 200));
        }"""
    )
    violations, ran, color = blocked
    assert violations.count("TypeError") == 2  # Trusted Types
    assert "style-src-attr" in violations
    assert (ran, color) == (None, "")
    page_errors.clear()  # they are what this test provoked


def test_shows_markup_in_the_configuration_as_text(opened: Page, page_errors: list[str]) -> None:
    samples = [{"label": MARKUP, "url": "samples/1.jpg"}]
    change_config(opened, title=MARKUP, answerTemplate=f"{MARKUP} {{label}}", samples=samples)

    expect(opened.get_by_role("heading", level=1)).to_have_text(MARKUP)
    submit_button(opened).click()
    expect(status(opened)).to_have_text(f"{MARKUP} 1", timeout=ANSWER_TIMEOUT_MS)
    expect(opened.locator("#entries li p").first).to_have_text(f"{MARKUP} 1")
    assert page_errors == []


def test_shows_markup_from_the_api_as_text(opened: Page, stack: Stack, page_errors: list[str]) -> None:
    answer = {"label": MARKUP, "probabilities": {MARKUP: 1.0}, "model": MARKUP, "requestId": MARKUP, "latencyMs": 1}
    problem = {"detail": MARKUP, "requestId": MARKUP}
    replies = [(200, answer), (422, problem)]

    def reply(route: Route) -> None:
        code, body = replies.pop(0)
        route.fulfill(status=code, json=body, headers={"Access-Control-Allow-Origin": "*"})

    opened.route(stack.outputs["predictUrl"], reply)
    submit_button(opened).click()
    expect(status(opened)).to_have_text(f"Most likely answer: there is {MARKUP} object(s) in the bin")
    expect(opened.get_by_role("table").get_by_role("rowheader")).to_have_text(MARKUP)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text(MARKUP)
    expect(opened.locator("#source")).to_contain_text(MARKUP)
    assert opened.locator("main script, main [onerror]").count() == 0
    assert [error for error in page_errors if "422" not in error] == []


def test_talks_to_its_own_origin_and_the_api_only(page: Page, stack: Stack) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    open_page(page, stack)
    submit(page, stack)

    others = [url for url in requested if not url.startswith(f"{stack.outputs['pageUrl']}/")]
    assert set(others) == {stack.outputs["predictUrl"]}


def test_sets_no_cookies_and_tells_nobody_where_it_was(opened: Page, stack: Stack, context: BrowserContext) -> None:
    request = submit(opened, stack).request
    assert context.cookies() == []
    assert "cookie" not in request.all_headers()
    assert "referer" not in request.all_headers()
