"""A publisher of an exporter whose store suffers, and what must hold while it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import requests

from exporter.simulator import User
from tests.containers.postgresql_server import PASSWORD, USER, PostgresqlServer
from tests.eventually import eventually
from tests.faults.readings import read
from tests.scrape import Scrape
from tests.workspace import Section, Workspace

TOKEN = "token-of-the-registrar"
BEFORE, REFUSED, AFTER = "1", "2", "3"
MANY_REFUSED = tuple(str(number) for number in range(1_000, 1_500))
_POLLING: Final = {
    "quota": {"interval": "1s"},
    "token": {"interval": "1s"},
    "containers": {"interval": "1s"},
    "call_budget": 1_000_000,
}


class Exporter(Protocol):
    @property
    def url(self) -> str: ...

    def scrape(self) -> Scrape: ...


def configure(workspace: Workspace, user: User, store: Section | None = None) -> Path:
    """Write the configuration of an exporter with the registration API."""
    workspace.write("tokens/registrar", TOKEN)
    return workspace.configure(
        [workspace.account(user)],
        polling=_POLLING,
        container_api={"token_file": "tokens/registrar"},
        store=store or {},
    )


def sqlite_at(file: Path) -> Section:
    return {"url": f"sqlite:///{file}"}


def postgresql_at(
    workspace: Workspace, server: PostgresqlServer, database: str, port: int | None = None
) -> Section:
    """Return a store there, or on the way there by another port."""
    workspace.write("tokens/database", PASSWORD)
    url = f"postgresql+psycopg://{USER}@127.0.0.1:{port or server.port}/{database}"
    return {"url": url, "password_file": "tokens/database"}


@dataclass(frozen=True)
class Publisher:
    """Registers containers of one account."""

    exporter: Exporter
    account: str = "acme"

    def register(self, *ids: str) -> requests.Response:
        containers = [{"account": self.account, "container_id": item} for item in ids]
        return self._ask("POST", {"containers": containers})

    def listed(self) -> set[str]:
        return {item["container_id"] for item in self._ask("GET").json()["containers"]}

    def _ask(self, method: str, body: object = None) -> requests.Response:
        return requests.request(
            method,
            f"{self.exporter.url}/api/v1/containers",
            params={"limit": "1000"} if method == "GET" else None,
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=30,
        )

    def is_refused(self, ids: Sequence[str] = (REFUSED,)) -> None:
        """See that the store's trouble is a 503 that tells when to come again."""
        answer = eventually(lambda: self.register(*ids), lambda answer: answer.status_code == 503)
        assert int(answer.headers["Retry-After"]) > 0

    def sees_it_go_on(self, kind: str) -> None:
        """See that scrapes and polls do without the store, and tell what its trouble is."""
        eventually(lambda: self._store_up() == 0)
        assert self.errors(kind) > 0
        before = self._polled_at()
        eventually(lambda: self._polled_at() > before)

    def sees_it_recover(self) -> None:
        """See that the exporter takes registrations again, as it is."""
        eventually(lambda: self.register(AFTER).status_code, lambda status: status in {200, 201})
        eventually(lambda: self._store_up() == 1)
        assert AFTER in self.listed()

    def _store_up(self) -> float | None:
        return self.exporter.scrape().value("threads_exporter_store_up")

    def errors(self, kind: str) -> float:
        name = "threads_exporter_store_errors_total"
        return self.exporter.scrape().value(name, kind=kind) or 0.0

    def _polled_at(self) -> float:
        return read(self.exporter.scrape(), self.account).read_at or 0.0
