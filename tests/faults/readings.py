"""What a scrape tells of an account's polls."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.scrape import Scrape


@dataclass(frozen=True)
class Reading:
    """The posts that an account's quota poll has counted, when, and how often it failed why."""

    usage: float | None
    read_at: float | None
    failures: Mapping[str, float]

    @property
    def reasons(self) -> str:
        """Why it failed, with a comma between what is not all the same."""
        return ",".join(sorted(self.failures))

    @property
    def failed(self) -> float:
        """How often the poll failed."""
        return sum(self.failures.values())


def read(scrape: Scrape, account: str) -> Reading:
    poll = {"account": account, "poll": "quota"}
    return Reading(
        scrape.value("threads_quota_usage", account=account, quota="publish"),
        scrape.value("threads_poll_last_success_timestamp_seconds", **poll),
        scrape.by("reason", "threads_poll_failures_total", **poll),
    )
