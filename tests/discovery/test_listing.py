import gzip
import zlib
from pathlib import Path

import pytest

from exporter.config.settings import AccountHttpSd
from exporter.discovery.listing import LONGEST_ASK_SECONDS, Listing, ListingError
from exporter.secret import Secret
from exporter.threads_api.network import Network
from exporter.version import VERSION
from tests.account_source import AccountSource, Listed
from tests.certificates import Authority
from tests.threads_api.peers import Proxy, dripping_host, silent_host

MEGABYTE = 1 << 20
DOCUMENT = b'[{"name": "acme"}]'


def problem(listing: Listing) -> str:
    with pytest.raises(ListingError) as raised:
        listing.fetch(None)
    return str(raised.value)


@pytest.fixture
def listing(url: str, network: Network) -> Listing:
    return Listing(AccountHttpSd(url), network)


def test_the_document_is_returned_as_it_came(listing: Listing, source: AccountSource) -> None:
    source.listed = Listed(DOCUMENT)

    assert listing.fetch(None) == DOCUMENT


def test_it_is_asked_as_prometheus_asks(url: str, network: Network, source: AccountSource) -> None:
    Listing(AccountHttpSd(f"{url}?of=all", refresh_interval=90.5), network).fetch(Secret("THAA"))

    assert source.paths == ["/accounts?of=all"]
    assert source.asked == [
        {
            "Host": url.split("/")[2],
            "User-Agent": f"threads-exporter/{VERSION}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "X-Prometheus-Refresh-Interval-Seconds": "90.5",
            "Authorization": "Bearer THAA",
        }
    ]


def test_without_an_authorization_none_is_sent(listing: Listing, source: AccountSource) -> None:
    listing.fetch(None)

    assert "Authorization" not in source.asked[0]


@pytest.mark.parametrize(("rest", "path"), [("", "/"), ("?a=b", "/?a=b"), ("/", "/")])
def test_a_url_needs_no_path(
    url: str, network: Network, source: AccountSource, rest: str, path: str
) -> None:
    Listing(AccountHttpSd(url.removesuffix("/accounts") + rest), network).fetch(None)

    assert source.paths == [path]


def test_the_host_is_what_may_be_told_of_the_url(network: Network) -> None:
    url = "https://sd.example:8443/s3cret?token=s3cret"

    assert Listing(AccountHttpSd(url), network).host == "sd.example:8443"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"'],
)
def test_json_is_taken(listing: Listing, source: AccountSource, content_type: str) -> None:
    source.listed = Listed(DOCUMENT, content_type=content_type)

    assert listing.fetch(None) == DOCUMENT


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "application/jsonp", "application/json; charset=latin-1"]
)
def test_what_does_not_say_that_it_is_json_is_refused(
    listing: Listing, source: AccountSource, content_type: str
) -> None:
    source.listed = Listed(DOCUMENT, content_type=content_type)

    assert problem(listing) == "its answer has not the Content-Type application/json"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (204, "answered with 204 in place of 200"),
        (401, "answered with 401: see what authorization_file holds"),
        (403, "answered with 403: see what authorization_file holds"),
        (500, "answered with 500 in place of 200"),
    ],
)
def test_any_other_status_is_no_answer(
    listing: Listing, source: AccountSource, status: int, said: str
) -> None:
    source.listed = Listed(b"", status=status)

    assert problem(listing) == said


def test_a_redirect_is_not_followed(listing: Listing, source: AccountSource, url: str) -> None:
    source.listed = Listed(DOCUMENT, status=302, headers={"Location": f"{url}/s3cret"})

    assert problem(listing) == (
        "answered with 302: redirects are not followed, write where it leads to"
    )
    assert source.paths == ["/accounts"]


def test_more_than_64_mib_are_refused_however_they_are_packed(
    listing: Listing, source: AccountSource
) -> None:
    packing = zlib.compressobj(wbits=31)
    bomb = b"".join(packing.compress(b" " * MEGABYTE) for _ in range(65)) + packing.flush()
    source.listed = Listed(bomb, headers={"Content-Encoding": "gzip"})

    assert len(bomb) < MEGABYTE
    assert problem(listing) == "its answer is larger than 64 MiB"


def test_many_accounts_are_no_bomb(listing: Listing, source: AccountSource) -> None:
    source.listed = Listed(gzip.compress(b" " * 8 * MEGABYTE), headers={"Content-Encoding": "gzip"})

    assert listing.fetch(None) == b" " * 8 * MEGABYTE


def test_what_is_not_packed_as_it_says(listing: Listing, source: AccountSource) -> None:
    source.listed = Listed(DOCUMENT, headers={"Content-Encoding": "gzip"})

    assert problem(listing) == "its answer is not HTTP as it should be"


def test_an_answer_that_breaks_off(listing: Listing, source: AccountSource) -> None:
    source.listed = Listed(DOCUMENT, headers={"Content-Length": "1000"})

    assert problem(listing) == "its answer broke off"


def test_a_source_that_is_down(closed_port: int, network: Network) -> None:
    settings = AccountHttpSd(f"http://127.0.0.1:{closed_port}/")

    assert problem(Listing(settings, network)) == (
        "cannot be reached: see whether it listens, and what is between"
    )


def test_a_host_that_there_is_not(network: Network) -> None:
    settings = AccountHttpSd("https://sd.invalid/")

    assert problem(Listing(settings, network)) == "its host name has no address"


def test_no_answer_takes_longer_than_the_refresh_interval(network: Network) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["
    with dripping_host(head, b" ", 0.05) as port, silent_host() as silent:
        said = [
            problem(Listing(AccountHttpSd(f"http://127.0.0.1:{one}/", 0.3), network))
            for one in (port, silent)
        ]

    assert said == ["gave no whole answer within 300ms"] * 2


def test_no_answer_takes_longer_than_half_a_minute(network: Network) -> None:
    settings = AccountHttpSd("http://127.0.0.1:9/", refresh_interval=3600.0)

    assert Listing(settings, network).timeout == LONGEST_ASK_SECONDS


def test_tls_is_trusted_as_configured(
    tmp_path: Path, network: Network, source: AccountSource
) -> None:
    authority = Authority(tmp_path)
    source.listed = Listed(DOCUMENT)
    with source.serving(tls=authority.issue("local")) as url:
        stranger = problem(Listing(AccountHttpSd(url), network))
        trusted = Listing(AccountHttpSd(url, ca_file=authority.file), network)
        document = trusted.fetch(None)

    assert stranger == "TLS failed: ca_file names the certificates to trust"
    assert document == DOCUMENT


def test_the_environment_names_no_proxy(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    with proxy.running() as port:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        listing.fetch(None)

    assert proxy.asked == []
