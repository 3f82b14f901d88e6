"""Certificates for the tests, made anew by an authority of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trustme import CA, LeafCert

from tests.certificates import LOCAL

_PAST = datetime(2020, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """An authority, and server certificates by it: a good one, and one for each defect."""

    authority: Path
    local: Certificate
    other_host: Certificate
    expired: Certificate

    @classmethod
    def make(cls, directory: Path) -> "Certificates":
        authority = CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        return cls(
            authority=directory / "ca.pem",
            local=_write(directory / "local", authority.issue_cert(*LOCAL)),
            other_host=_write(directory / "other", authority.issue_cert("graph.threads.net")),
            expired=_write(directory / "expired", authority.issue_cert(*LOCAL, not_after=_PAST)),
        )


def _write(path: Path, issued: LeafCert) -> Certificate:
    files = Certificate(path.with_suffix(".pem"), path.with_suffix(".key"))
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    return files
