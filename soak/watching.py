"""What is looked at all the time, from outside: the process, its health, scrapes, accounts."""

import gzip
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlencode

from soak.exporter_run import Answer
from soak.record import Record, Sample, Scrape
from soak.scale import Scale
from soak.timetable import first_round_ends
from soak.troubles import Scene

_SAMPLES_PER_INTERVAL = 30
_SCRAPES_PER_INTERVAL = 6
_LOOKS_PER_INTERVAL = 2
_OK = 200
_TOO_BUSY = 503
_OUTCOMES = "threads_container_outcomes_total"
_OUTCOME = re.compile(rf'^{_OUTCOMES}\{{account="(.+?)",outcome="(.+?)"\}} (\S+)$', re.MULTILINE)
_STORE_UP = "threads_exporter_store_up"


class Watcher:
    """Fills the record; each of the tasks is for a thread of its own."""

    def __init__(self, scale: Scale, scene: Scene, started: float) -> None:
        self.record = Record(
            warm_up=scale.warm_up,
            watched_from=first_round_ends(scale),
            call_budget=scale.call_budget,
        )
        self._scale = scale
        self._scene = scene
        self._started = started

    @property
    def tasks(self) -> Sequence[tuple[float, Callable[[], object]]]:
        """Return what is done how often."""
        interval = self._scale.interval
        return (
            (interval / _SAMPLES_PER_INTERVAL, self.sample),
            (interval / _SCRAPES_PER_INTERVAL, self.scrape),
            (interval / _LOOKS_PER_INTERVAL, self.look),
        )

    def sample(self) -> None:
        """Note what the process holds, and whether it is healthy."""
        exporter, at, absences = self._scene.exporter, self._now(), self._scene.absences
        if self._scene.is_away:
            return
        with suppress(OSError):
            held = exporter.held()
            self.record.samples.append(
                Sample(at, exporter.pid, held.bytes, held.threads, held.files, self._store_bytes())
            )
        if exporter.is_healthy() or self._was_away(absences):
            return
        if exporter.has_ended:
            self.record.died.append(at)
            exporter.start()
        else:
            self.record.unhealthy.append(at)

    def scrape(self) -> None:
        """Scrape as Prometheus does."""
        was_away, absences, at = self._scene.is_away, self._scene.absences, self._now()
        seconds, status, size = self._scene.scraper.ask("scrape")
        excused = was_away or self._was_away(absences) or self._is_refused(status)
        self.record.scrapes.append(Scrape(at, seconds, status, size, excused))

    def _was_away(self, absences: int) -> bool:
        """Tell whether the exporter was away at a time since there were so many absences."""
        return self._scene.is_away or self._scene.absences != absences

    def _is_refused(self, status: int | None) -> bool:
        return status == _TOO_BUSY and self._scene.is_flooded

    def look(self) -> None:
        """See which accounts are shown, and how old what is shown is."""
        started, at = time.monotonic(), self._now()
        answer = self._ask("/metrics", {"Accept-Encoding": "gzip"})
        if answer is not None and answer.status == _OK and not self._scene.is_away:
            accounts = self._scene.accounts
            look = accounts.look(
                gzip.decompress(answer.body), started, at, self._scale.fresh_within
            )
            self.record.looks.append(look)

    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """Return how many containers ended how, by account; those that are 0 left out."""
        page = self._page(_OUTCOMES)
        counts = {(one[1], one[2]): int(float(one[3])) for one in _OUTCOME.finditer(page)}
        return {key: count for key, count in counts.items() if count}

    def is_store_up(self) -> bool:
        return f"\n{_STORE_UP} 1" in self._page(_STORE_UP)

    def _page(self, metric: str) -> str:
        answer = self._ask(f"/metrics?{urlencode({'name[]': metric})}", {})
        return answer.body.decode() if answer else ""

    def _ask(self, path: str, headers: Mapping[str, str]) -> Answer | None:
        try:
            return self._scene.exporter.ask(path, headers=headers)
        except OSError:
            return None

    def _store_bytes(self) -> int:
        files = self._scene.store.parent.glob(f"{self._scene.store.name}*")
        return sum(file.stat().st_size for file in files)

    def _now(self) -> float:
        return time.monotonic() - self._started
