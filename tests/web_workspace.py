"""A web configuration and the certificates that it names, as an operator puts them in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import bcrypt
import yaml

from tests.certificates import Authority, KeyPair, write_privately

NAME, PASSWORD = "prometheus", "s3cret-of-the-scraper"
_CHEAP = 4


@dataclass(frozen=True)
class WebWorkspace:
    folder: Path
    authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "authority", Authority(self.folder))

    @property
    def file(self) -> Path:
        return self.folder / "web.yml"

    @property
    def ca_file(self) -> Path:
        return self.authority.file

    def put_certificate(self, not_after: datetime | None = None) -> KeyPair:
        """Issue the server's certificate, in place of the one before."""
        return self.authority.issue("server", not_after=not_after)

    def write(self, *, tls: Mapping[str, object] | None = None, **sections: object) -> Path:
        """Write a file with TLS, and with what else is given."""
        pair = {"cert_file": "server.pem", "key_file": "server.key"}
        return self.write_plain(tls_server_config={**pair, **(tls or {})}, **sections)

    def write_plain(self, **sections: object) -> Path:
        return write_privately(self.file, yaml.safe_dump(sections).encode())


def users(password: str = PASSWORD) -> dict[str, str]:
    """Return what the file says of the one user."""
    return {NAME: bcrypt.hashpw(password.encode(), bcrypt.gensalt(_CHEAP)).decode()}
