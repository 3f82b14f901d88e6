"""A publisher: it makes containers at Meta, and registers them until that is acknowledged."""

import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from soak.exporter_run import ExporterRun
from soak.population import Account

_MOST_AT_ONCE = 200
_OUTCOMES = ("PUBLISHED", "PUBLISHED", "PUBLISHED", "ERROR", "EXPIRED")

Create = Callable[[Sequence[tuple[int, str]]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Container:
    account: str
    container_id: str
    outcome: str


@dataclass
class Publisher:
    """`true` counts what is acknowledged, by account and outcome."""

    exporter: ExporterRun
    token: str
    accounts: Sequence[Account]
    create: Create
    random: Random
    true: Counter[tuple[str, str]] = field(default_factory=Counter)
    waiting: deque[Container] = field(default_factory=deque)

    def publish(self, number: int) -> None:
        """Make so many containers, and register what waits."""
        chosen = [
            (self.random.choice(self.accounts), self.random.choice(_OUTCOMES))
            for _ in range(number)
        ]
        ids = self.create([(account.number, outcome) for account, outcome in chosen])
        self.waiting.extend(
            Container(account.name, container_id, outcome)
            for (account, outcome), container_id in zip(chosen, ids, strict=True)
        )
        self.register()

    def register(self) -> None:
        batch = [self.waiting[index] for index in range(min(len(self.waiting), _MOST_AT_ONCE))]
        if batch and self._is_acknowledged(batch):
            for container in batch:
                self.waiting.popleft()
                self.true[container.account, container.outcome] += 1

    def _is_acknowledged(self, batch: Sequence[Container]) -> bool:
        content = [{"account": one.account, "container_id": one.container_id} for one in batch]
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"containers": content})
        try:
            answer = self.exporter.ask(
                "/api/v1/containers", method="POST", headers=headers, body=body
            )
        except OSError:
            return False
        return answer.status in (200, 201)
