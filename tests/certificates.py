"""Certificates for the tests of a server on this machine."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from trustme import CA, KeyType

LOCAL = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class KeyPair:
    """The files of a certificate and its key."""

    cert: Path
    key: Path

    @property
    def files(self) -> tuple[str, str]:
        return str(self.cert), str(self.key)


@dataclass(frozen=True)
class Authority:
    """An authority of its own; its certificates are put into a folder, for their owner alone."""

    folder: Path
    name: str = "ca"
    ca: CA = field(default_factory=CA)

    @property
    def file(self) -> Path:
        """What those need who are to trust it."""
        return write_privately(self.folder / f"{self.name}.pem", self.ca.cert_pem.bytes())

    def issue(
        self,
        name: str,
        *identities: str,
        not_after: datetime | None = None,
        key_type: KeyType = KeyType.ECDSA,
    ) -> KeyPair:
        issued = self.ca.issue_cert(*(identities or LOCAL), not_after=not_after, key_type=key_type)
        return KeyPair(
            write_privately(self.folder / f"{name}.pem", issued.cert_chain_pems[0].bytes()),
            write_privately(self.folder / f"{name}.key", issued.private_key_pem.bytes()),
        )


def write_privately(file: Path, content: bytes) -> Path:
    """Write a file as a whole: who watches it never sees a half."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.chmod(0o600)
    return unfinished.replace(file)


def certificate_by_own_authority(folder: Path) -> Path:
    """Make a certificate that only who is given its file trusts; `key.pem` is beside it."""
    authority = CA()
    server = authority.issue_cert(*LOCAL)
    server.private_key_pem.write_to_path(folder / "key.pem")
    certificate = folder / "cert.pem"
    server.cert_chain_pems[0].write_to_path(certificate)
    # Before Python 3.13, a server's certificate is not trusted without its authority's.
    authority.cert_pem.write_to_path(certificate, append=True)
    return certificate
