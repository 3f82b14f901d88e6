import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.certificates import CertificateError, expiry_of, load_key_pair
from tests.certificates import Authority


@pytest.mark.parametrize("year", [2020, 2049, 2050, 2999])
def test_the_expiry_is_read_from_either_kind_of_time(year: int, tmp_path: Path) -> None:
    """From 2050 on a certificate writes a time in another way."""
    moment = datetime(year, 2, 28, 12, 34, 56, tzinfo=UTC)
    before = datetime(2000, 1, 1, tzinfo=UTC)
    issued = Authority(tmp_path).ca.issue_cert("x.example", not_before=before, not_after=moment)

    assert expiry_of(issued.cert_chain_pems[0].bytes().decode()) == moment.timestamp()


def test_of_a_chain_the_first_one_counts(tmp_path: Path) -> None:
    moment = datetime(2040, 1, 1, tzinfo=UTC)
    authority = Authority(tmp_path)
    leaf = authority.issue("leaf", not_after=moment).cert.read_text("utf-8")

    chain = f"# the server's, in ünïcode\n{leaf}{authority.ca.cert_pem.bytes().decode()}"

    assert expiry_of(chain) == moment.timestamp()


@given(st.binary(max_size=200))
def test_junk_is_an_error_of_its_own(content: bytes) -> None:
    pem = ssl.DER_cert_to_PEM_cert(content)

    with pytest.raises(CertificateError, match="holds a certificate that cannot be read"):
        expiry_of(pem)


def test_an_encrypted_key_asks_nobody(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server")
    command = ["openssl", "ec", "-in", str(pair.key), "-aes128", "-passout", "pass:secret"]
    encrypted = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    with pytest.raises(CertificateError, match="is encrypted: remove its passphrase"):
        load_key_pair(context, pair.cert.read_text("utf-8"), encrypted)
