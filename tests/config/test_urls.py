from pathlib import Path

import pytest

from exporter.config import urls


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("https://graph.threads.net/v1.0", "https://graph.threads.net/v1.0"),
        ("https://graph.threads.net/v1.0/", "https://graph.threads.net/v1.0"),
        ("HTTPS://graph.threads.net", "HTTPS://graph.threads.net"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8080/v1.0", "http://[::1]:8080/v1.0"),
    ],
)
def test_takes_https_and_loopback(text: str, base_url: str) -> None:
    assert urls.https_url(text) == base_url


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("http://graph.threads.net", "must begin with https://; http:// is for"),
        ("http://127.0.0.1.evil.example", "must begin with https://; http:// is for"),
        ("http://[::ffff:192.0.2.1]", "must begin with https://; http:// is for"),
        ("ftp://graph.threads.net", "must begin with https:// or http://"),
        ("graph.threads.net", "must begin with https:// or http://"),
        ("https://user:hunter2@host", "must hold no user name and no password"),
        ("https://host/?access_token=hunter2", "must have no ?query"),
        ("https://host/?", "must have no ?query"),
        ("https://host/#", "must have no #fragment"),
        ("https://", "has no valid host and port"),
        ("https:///v1.0", "has no valid host and port"),
        ("https://host:99999", "has no valid host and port"),
        ("https://host:0", "has no valid host and port"),
        ("https://host:port", "has no valid host and port"),
        ("https://[::1", "has no valid host and port"),
        ("https://%2f/", "has no valid host and port"),
        ("https://ho st", "must be a URL, without blanks and backslashes"),
        ("https://host\\@evil", "must be a URL, without blanks and backslashes"),
        ("https://host\n", "must be a URL, without blanks and backslashes"),
        ("https://höst", "must be a URL, without blanks and backslashes"),
        ("", "must be a URL, without blanks and backslashes"),
    ],
)
def test_says_what_is_wrong_with_a_base_url(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^must|^has") as raised:
        urls.https_url(text)
    assert str(raised.value).startswith(sentence)
    assert "hunter2" not in str(raised.value)


def test_a_discovery_url_may_have_a_query() -> None:
    assert urls.https_url_with_query("https://host/sd?team=a") == "https://host/sd?team=a"
    with pytest.raises(ValueError, match="must begin with https://; http:// is for"):
        urls.https_url_with_query("http://host/sd?team=a")
    with pytest.raises(ValueError, match="must have no #fragment"):
        urls.https_url_with_query("https://host/sd?team=a#b")


@pytest.mark.parametrize("text", ["http://proxy:3128", "https://proxy:3128", "http://10.0.0.1/"])
def test_takes_a_proxy(text: str) -> None:
    assert urls.proxy_url(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "text", ["socks5://proxy:1", "http://u:hunter2@proxy:1", "http://proxy/path", "http://proxy?a"]
)
def test_refuses_other_proxies(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must") as raised:
        urls.proxy_url(text)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("text", ["sqlite:///a.db", "postgresql+psycopg://u:p@host/db"])
def test_takes_a_store(text: str) -> None:
    assert urls.store_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///folder/",
        "sqlite:///.",
        "sqlite:///..",
        "sqlite:///folder/..",
        "sqlite://host/a.db",
        "sqlite:///a.db?mode=memory",
        "sqlite:///%3Amemory%3A",
        "sqlite:///a%00.db",
    ],
)
def test_refuses_a_store_that_is_no_file(text: str) -> None:
    with pytest.raises(ValueError, match="must name a file, sqlite:///FILE, with nothing behind"):
        urls.store_url(text)


@pytest.mark.parametrize(
    ("text", "absolute"),
    [
        ("sqlite:///a.db", "sqlite:////etc/a.db"),
        ("sqlite:///../lib/a%20b.db", "sqlite:////etc/../lib/a%20b.db"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db"),
        ("postgresql+psycopg://u@host/db", "postgresql+psycopg://u@host/db"),
    ],
)
def test_finds_a_store_from_the_root(text: str, absolute: str) -> None:
    assert urls.absolute_store_url(text, Path("/etc")) == absolute


def test_quotes_the_folder_of_a_store() -> None:
    folder = Path("/home/a b/\u00e9?#%41")
    assert urls.absolute_store_url("sqlite:///a.db", folder) == (
        "sqlite:////home/a%20b/%C3%A9%3F%23%2541/a.db"
    )


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg://u:p@host/db",
        "postgresql+psycopg://:p@host/db",
        "postgresql+psycopg://u@host/db?password=p",
    ],
)
def test_finds_a_password(text: str) -> None:
    assert urls.holds_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg://u@host:5432/db",
        "postgresql+psycopg:///db?host=/run/postgresql",
        "postgresql+psycopg://u@host/db?sslpassword=key",
    ],
)
def test_finds_no_password(text: str) -> None:
    assert not urls.holds_password(text)


@pytest.mark.parametrize("text", ["mysql://host/db", "a.db", "sqlite:///a b.db"])
def test_refuses_other_stores(text: str) -> None:
    with pytest.raises(ValueError, match="must begin with sqlite:/// or postgresql"):
        urls.store_url(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "postgresql+psycopg://u:p/w@d@host/db?password=x",
            "postgresql+psycopg://u:***@host/db?***",
        ),
        ("postgresql+psycopg://u@host/db", "postgresql+psycopg://u@host/db"),
        ("sqlite:///threads-exporter.db", "sqlite:///threads-exporter.db"),
        ("/etc/accounts.d/?.yaml", "/etc/accounts.d/?.yaml"),
    ],
)
def test_masks_passwords_and_queries(text: str, masked: str) -> None:
    assert urls.mask_url(text, "***") == masked
