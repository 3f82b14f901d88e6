"""Whatever a file holds, loading ends in settings or in a ConfigError, and shows no token."""

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.entries import AccountEntry, ConfigFile
from exporter.config.section import Section, section_keys
from exporter.config.settings import ApiSettings, PollingSettings, StoreSettings
from exporter.config.web_entries import HttpEntry, RateLimitEntry, TlsEntry, WebConfigFile
from exporter.config.web_fields import CIPHER_SUITES, HEADERS
from fuzz.config_files import CANARY
from fuzz.config_fuzzer import fuzz as load
from fuzz.web_config_fuzzer import fuzz as load_web
from tests.examples import examples

EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_bytes()
WEB_EXAMPLE = b"""\
tls_server_config:
  cert_file: server.pem
  key: "-----BEGIN PRIVATE KEY-----"
  cipher_suites: [TLS_AES_128_GCM_SHA256]
http_server_config: {headers: {X-Frame-Options: deny}}
basic_auth_users:
  alice: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
rate_limit: {interval: 1m30s, burst: 5}
"""

scalars = (
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes()),
    st.sampled_from([CANARY, f"x{CANARY}", f"https://u:{CANARY}@h/", "1s", *CIPHER_SUITES]),
)


def documents(root: type[Section], *inner: type[Section]) -> st.SearchStrategy[object]:
    """Return mappings with the root's keys, and any YAML below, with a token in odd places."""
    names = sorted({key for kind in (root, *inner) for key in section_keys(kind)})
    keys = st.sampled_from([*names, *HEADERS, CANARY]) | st.text(max_size=3)
    values = st.recursive(
        st.one_of(scalars),
        lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(keys, deeper, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(st.sampled_from([*section_keys(root), CANARY]), values, max_size=4)


CONFIGURATIONS = documents(ConfigFile, AccountEntry, ApiSettings, PollingSettings, StoreSettings)
WEB_CONFIGURATIONS = documents(WebConfigFile, TlsEntry, HttpEntry, RateLimitEntry)


def dumped(content: object) -> bytes:
    return yaml.safe_dump(content, allow_unicode=True).encode()


def spoilt(example: bytes) -> st.SearchStrategy[bytes]:
    """Return examples with a few bytes lost and a few others in their place."""
    return st.builds(
        lambda start, removed, inserted: example[:start] + inserted + example[start + removed :],
        st.integers(0, len(example)),
        st.integers(0, 8),
        st.binary(min_size=1, max_size=4),
    )


@given(CONFIGURATIONS.map(dumped) | spoilt(EXAMPLE) | st.binary())
@examples(250)
def test_any_configuration(content: bytes) -> None:
    load(content)


@given(WEB_CONFIGURATIONS.map(dumped) | spoilt(WEB_EXAMPLE) | st.binary())
@examples(250)
def test_any_web_configuration(content: bytes) -> None:
    load_web(content)
