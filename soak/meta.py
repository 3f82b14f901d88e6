"""The simulated Threads API of a run, a process of its own: `python -m soak.meta ACCOUNTS`."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.children.commands import obey
from exporter.simulator import Simulator, World, faults
from exporter.simulator.calls import Call, CallLog
from exporter.simulator.containers import Life, expires, fails, publishes
from exporter.simulator.faults import Fault
from exporter.simulator.graph import APP_LIMIT
from exporter.simulator.messages import Answer, Request
from soak.population import Account, population
from soak.scale import APPS, Scale

NAMED_WAIT = 3.0
"""The seconds that a rate limit asks to wait."""


class Tally(CallLog):
    """Counts the calls of each account, and keeps none of them."""

    def __init__(self) -> None:
        super().__init__(max_calls=1)
        self.of: Counter[str] = Counter()

    def add(self, call: Call) -> None:
        super().add(call)
        self.of[(call.token or "").partition(".")[0]] += 1


@dataclass(frozen=True, slots=True)
class OfSome:
    """A fault that only the calls with some tokens suffer."""

    tokens: frozenset[str]
    faults: tuple[Fault, ...]

    def alter(self, answer: Answer, request: Request) -> Answer:
        if (request.token or "").partition(".")[0] in self.tokens:
            for fault in self.faults:
                answer = fault.alter(answer, request)
        return answer


TROUBLES: Mapping[str, tuple[Fault, ...]] = {
    "reset": (faults.ConnectionReset(),),
    "bad gateway": (faults.html_page(502),),
    "hang": (faults.Hang(),),
    "drip": (faults.DrippingBody(0.2),),
    "truncation": (faults.TruncatedBody(),),
    "malformed": (faults.raw_body('{"data": ['),),
    "app limit": (APP_LIMIT, faults.retry_after(f"{NAMED_WAIT:.0f}")),
    "too many requests": (faults.too_many_requests(f"{NAMED_WAIT:.0f}"),),
}
LIVES: Mapping[str, Life] = {
    "PUBLISHED": publishes(2.0, finished=2.0),
    "ERROR": fails("FAILED_PROCESSING_VIDEO", after=1.5),
    "EXPIRED": expires(3.0, finished=3.0),
}
"""What becomes of a container, by the outcome that is to be counted; in real seconds."""


class Meta:
    """The world, and what the run does to it."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.world = World()
        self.tally = self.world.log = Tally()
        self._users = {
            account.number: self.world.add_user(
                account.name,
                token=account.token,
                user_id=account.user_id,
                app=f"app-{account.app}",
            )
            for account in accounts
        }
        self._of_app = [
            frozenset(account.token for account in accounts if account.app == app)
            for app in range(APPS)
        ]

    def trouble(self, name: str, apps: Sequence[int]) -> None:
        tokens = frozenset[str]().union(*(self._of_app[app] for app in apps))
        self.world.inject(OfSome(tokens, TROUBLES[name]))

    def revoke(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._users[number].revoke_token()

    def rotate(self, numbers: Sequence[int], suffix: str) -> list[str]:
        """Give these users new tokens; return them."""
        tokens = [f"soak-token-{number:06d}.{suffix}" for number in numbers]
        for number, token in zip(numbers, tokens, strict=True):
            self._users[number].rotate_token(token)
        return tokens

    def create(self, containers: Sequence[tuple[int, str]]) -> list[str]:
        """Create a container for each number of a user and outcome; return the ids."""
        return [
            self._users[number].add_container(life=LIVES[outcome]).container_id
            for number, outcome in containers
        ]

    def calls(self) -> tuple[int, int]:
        """Return how many calls there were, and how many the account made that made most."""
        return self.tally.total, max(self.tally.of.values(), default=0)


def main() -> None:
    accounts = int(sys.argv[1])
    meta = Meta(population(Scale(accounts, seconds=0.0)))
    with Simulator(meta.world) as simulator:

        def calm() -> None:
            meta.world.clear_faults()
            simulator.release_hung()

        obey(
            {
                "url": lambda: simulator.base_url,
                "trouble": meta.trouble,
                "calm": calm,
                "revoke": meta.revoke,
                "rotate": meta.rotate,
                "create": meta.create,
                "calls": meta.calls,
            }
        )


if __name__ == "__main__":
    main()
