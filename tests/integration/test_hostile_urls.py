"""Hostile URLs against the guarded fetcher, with a real resolver and hosts, on an internet of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import can_ada
import pytest
import urllib3.util
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError

from tests.hostile_urls import HOSTS, NETWORKS, TEXTS
from tests.integration.certificate import make_certificate
from tests.integration.loopback_internet import WEB, Fetched, Internet, Order, Report, internet, is_available

BUDGET = 2.0  # seconds for each URL
GRACE = 1.0  # in which a busy machine gets round to noticing that they are over
OUTCOMES = {"fetched", "InvalidUrl", "AddressNotAllowed", "ImageHostError", "FetchTimeout", "ResponseTooLarge"}


@pytest.fixture(scope="module", autouse=True)
def _an_internet_can_be_made() -> None:
    """Without one, a user's run leaves these tests out, but CI's is not to be green with nothing attacked."""
    if not is_available() or shutil.which("openssl") is None:
        unavailable = pytest.fail if os.environ.get("CI") else pytest.skip
        unavailable("needs Linux, the commands unshare, ip and openssl, and a user who may make namespaces")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for some of the names, and for an address."""
    names = (f"DNS:{name}.example" for name in ("web", "private", "silent-tls"))
    return make_certificate(tmp_path_factory.mktemp("tls") / "web.pem", *names, f"IP:{WEB}")


@pytest.fixture(scope="module")
def net(certificate: Path) -> Iterator[Internet]:
    """The internet that the tests of this file share."""
    with internet(certificate) as running:
        yield running


def assert_harmless(report: Report) -> None:
    """Nothing was reached that must not be, no URL took too long, and nothing but documented errors came up."""
    assert report.canary == []
    assert {port for _, port, *_ in report.requests} <= {80, 443}
    assert [late for late in report.fetched if late.seconds > BUDGET + GRACE] == []
    assert {fetched.outcome for fetched in report.fetched} <= OUTCOMES
    refusals = {fetched.text for fetched in report.fetched if fetched.outcome == "AddressNotAllowed"}
    assert len(refusals) <= 1  # all the same, so nothing can be mapped


@pytest.mark.parametrize(("ci", "summary"), [("", "1 skipped"), ("true", "1 error")])
def test_ci_does_not_go_without(ci: str, summary: str) -> None:
    name = "test_the_corpus_is_as_large_as_it_should_be"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"{__file__}::{name}"]
    environment = {**os.environ, "CI": ci, "PATH": ""}  # in which there is no unshare
    assert f" {summary} in " in subprocess.run(command, env=environment, capture_output=True, text=True).stdout


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len({hostile.url for hostile in TEXTS}) + len({hostile.url for hostile in HOSTS}) >= 500


def test_the_canary_counts_whom_nothing_guards(net: Internet) -> None:
    """The measure itself: a fetcher without a guard reaches what it must not."""
    urls = [hostile.url for hostile in HOSTS if hostile.technique.startswith("redirects to what is not public")]
    report = net.carry_out(
        Order([*urls, "http://127.0.0.1/", "http://0x7f.1:8080/", "http://[::1]:22/"], BUDGET, naively=True)
    )
    assert len(report.canary) > 20
    assert {"127.0.0.1:80", "127.0.0.1:8080", "::1:22", "169.254.169.254:80", "10.1.2.3:80"} <= set(report.canary)


def test_texts_are_refused_before_anything_is_asked(net: Internet) -> None:
    report = net.carry_out(Order([hostile.url for hostile in TEXTS], BUDGET))
    assert_harmless(report)
    assert report.looked_up == []
    assert report.requests == []


@pytest.fixture(scope="module")
def hosts_report(net: Internet) -> Report:
    """What came of all URLs that lead somewhere."""
    return net.carry_out(Order([hostile.url for hostile in HOSTS], BUDGET))


def test_hosts_do_no_harm(hosts_report: Report) -> None:
    assert_harmless(hosts_report)
    assert not [head for *_, head in hosts_report.requests if "\r\nX-Injected" in head or head.count("\r\nHost:") > 1]


@pytest.mark.parametrize("technique", sorted({hostile.technique for hostile in HOSTS}))
def test_hosts_come_to_what_is_documented(technique: str, hosts_report: Report) -> None:
    outcomes = {fetched.url: fetched.outcome for fetched in hosts_report.fetched}
    expected = {hostile.url: hostile.outcome for hostile in HOSTS if hostile.technique == technique}
    assert {url: outcomes[url] for url in expected} == expected


def test_what_was_sent_compressed_is_not_unpacked(net: Internet) -> None:
    (bomb,) = net.carry_out(Order(["http://web.example/bomb"], BUDGET)).fetched
    assert bomb.text.startswith("\x1f\x8b")


@pytest.mark.parametrize("host", ["web.example", "WEB.example", "web.example.", WEB])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_public_host_is_asked_by_its_name(host: str, scheme: str, net: Internet) -> None:
    report = net.carry_out(Order([f"{scheme}://{host}/image"], BUDGET))
    assert [(fetched.outcome, fetched.text) for fetched in report.fetched] == [("fetched", "the image")]
    ((address, port, sni, asked, _),) = report.requests
    name = host.lower().rstrip(".")
    assert (address, asked) == (WEB, name)
    assert (port, sni) == ((80, None) if scheme == "http" else (443, None if host == WEB else name))


def test_only_allowed_hosts_are_asked(net: Internet) -> None:
    urls = [
        "http://web.example/image",
        "https://WEB.example./image",
        "https://web.example:8443/image",
        "http://other.example/image",
        "http://sub.web.example/image",
        "http://web.example.other.example/image",
        "http://web.example:8080/image",
        "http://other.example:8443/image",
        f"http://{WEB}/image",
        "http://web.example/redirect?to=http://other.example/image",
        "http://private.example/",
        "http://127.0.0.1/",
    ]
    report = net.carry_out(Order(urls, BUDGET, allowed_hosts=["web.example", "Web.Example:8443", "private.example"]))
    assert report.canary == []
    assert [fetched.outcome for fetched in report.fetched] == ["fetched"] * 3 + ["AddressNotAllowed"] * 9
    assert len({fetched.text for fetched in report.fetched[3:]}) == 1
    assert set(report.looked_up) == {"web.example", "private.example"}  # others are not even looked up


def spelled(address: IPv4Address | IPv6Address, choice: int) -> str:
    """One of many texts for an address, as they stand in a URL."""
    if isinstance(address, IPv6Address):
        tail = IPv4Address(int(address) & 0xFFFFFFFF)
        groups = address.exploded.split(":")
        mixed = f"{':'.join(groups[:6])}:{tail}"
        texts = [
            str(address),
            address.exploded,
            str(address).upper(),
            mixed,
            ":".join(f"{int(g, 16):x}" for g in groups),
        ]
        return f"[{texts[choice % len(texts)]}]"
    a, b, c, d = address.packed
    number = int(address)
    texts = [
        f"{a}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.{d}.",
        f"{number}",
        f"0{number:o}",
        f"0x{number:x}",
        f"0X{number:08X}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"{a:03}.{b:03}.{c:03}.{d:03}",
        f"0x{a:x}.{b}.0{number & 0xFFFF:o}",
        f"[::ffff:{address}]",
        f"[::{address}]",
        f"[64:ff9b::{address}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::]",
    ]
    return texts[choice % len(texts)]


not_public = st.sampled_from(NETWORKS).flatmap(
    lambda network: st.integers(int(network.network_address), int(network.broadcast_address)).map(
        IPv4Address if network.version == 4 else IPv6Address
    )
)
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(address=not_public, choice=st.integers(0, 15), scheme=st.sampled_from(["http", "https"]))
def test_no_address_that_is_not_public_is_reached(
    address: IPv4Address | IPv6Address, choice: int, scheme: str, net: Internet
) -> None:
    """Every such address, in every spelling, as the answer of the resolver and as the target of a redirect."""
    there = f"{scheme}://{spelled(address, choice)}/"
    name = f"http://x{address.packed.hex()}.hex.example/"
    report = net.carry_out(Order([there, name, f"http://web.example/redirect?to={there}"], BUDGET))
    assert_harmless(report)
    assert [fetched.outcome for fetched in report.fetched] == ["AddressNotAllowed"] * 3


PIECES = """
http https ftp : / // \\ @ # ? & = ; , . .. - _ ~ ! $ ' ( ) * + % %00 %09 %0a %2e %2f %40 %5c %25 [ ] [::1]
[::ffff:7f00:1]
127.0.0.1 127.1 0x7f 0177 2130706433 169.254.169.254 10.0.0.1 localhost web.example private.example a1 xn--bcher-kva
0 1 80 443 8080 65616 user secret image
"""
pieces = st.sampled_from(
    [*PIECES.split(), " ", "\t", "\r\n", "\0", "\u3002", "\uff0e", "\u2460", "\uff0f", "\u00ad", "\u017f"]
)
tails = st.lists(pieces, max_size=8).map("".join)
urls = st.one_of(
    tails.map("http://127.0.0.1{}".format),
    tails.map("http://web.example{}".format),
    tails.map("http://{}".format),
    tails.map("{}".format),
    st.tuples(tails, tails).map(lambda parts: f"http://{parts[0]}127.0.0.1{parts[1]}/"),
    st.tuples(tails, tails).map(lambda parts: f"http://{parts[0]}web.example{parts[1]}/image"),
    st.text(max_size=30).map("http://{}".format),
)


@many
@given(batch=st.lists(urls, min_size=1, max_size=8, unique=True))
def test_whatever_is_accepted_is_read_alike_by_others(batch: list[str], net: Internet) -> None:
    """URLs from a grammar of tricks. Those that were fetched lead where browsers and urllib3 say that they lead."""
    report = net.carry_out(Order(batch, BUDGET))
    assert_harmless(report)
    for fetched in report.fetched:
        assert_read_alike(fetched)


def assert_read_alike(fetched: Fetched) -> None:
    if fetched.outcome == "InvalidUrl":
        return
    match = re.match(r"https?://(\[[^]]*\]|[^/?#:]*)", fetched.url, re.IGNORECASE)
    assert match is not None
    host = match[1].lower().removesuffix(".")
    try:
        to_browsers = can_ada.parse(fetched.url)
    except ValueError:
        pass  # a browser does not go there at all
    else:
        assert (to_browsers.username, to_browsers.password) == ("", "")
        if fetched.outcome != "AddressNotAllowed":  # which includes the spellings that a browser would rewrite
            assert to_browsers.hostname.removesuffix(".") == host
            assert to_browsers.port in ("", "80", "443")
    try:
        to_urllib3 = urllib3.util.parse_url(fetched.url)
    except LocationParseError:
        pass
    else:
        assert to_urllib3.auth is None
        assert (to_urllib3.host or "").lower().removesuffix(".") == host


def test_the_grammar_reaches_hosts(net: Internet) -> None:
    """Otherwise the test above compares nothing."""
    report = net.carry_out(
        Order(["http://web.example/image?a=1#b", "http://web.example.:80/image;x=@127.0.0.1"], BUDGET)
    )
    assert [ip_address(address) for address, *_ in report.requests] == [ip_address(WEB)] * 2
