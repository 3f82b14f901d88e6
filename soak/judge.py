"""What a run's record is worth: figures, and the bounds that they must keep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.quantiles import p99
from soak.record import Containers, Record, Sample

_MEGABYTE = 1e6
_HOUR = 3600.0
_GROWTH_MEGABYTES = 10.0
_GROWTH_MEGABYTES_PER_HOUR = 1.0
_MORE_THREADS = 4
_MORE_FILES = 16
_STORE_GROWTH = 1.5
_STORE_MEGABYTES = 4.0
_SCRAPE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of a run; without a bound it is told, and not judged."""

    name: str
    what: str
    value: float
    unit: str = ""
    bound: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def judge(record: Record) -> Sequence[Row]:
    return [
        *_resources(record),
        *_containers(record.containers),
        *_scrapes(record),
        *_accounts(record),
        *_process(record),
    ]


def _resources(record: Record) -> Iterator[Row]:
    samples = watched(record)
    early, late = _ends(samples)
    files, threads, growth = (
        median(getattr(one, part) for one in late) - median(getattr(one, part) for one in early)
        for part in ("files", "threads", "bytes")
    )
    hours = (samples[-1].at - samples[0].at) / _HOUR
    allowed = max(_GROWTH_MEGABYTES, _GROWTH_MEGABYTES_PER_HOUR * hours)
    yield Row("memory-growth", "memory gained while watched", growth / _MEGABYTE, "MB", allowed)
    slope = slope_per_hour([(one.at, one.bytes / _MEGABYTE) for one in samples])
    yield Row("memory-slope", "its slope by least squares", slope, "MB/h")
    most = max(one.bytes for one in record.samples) / _MEGABYTE
    yield Row("memory", "the most memory held", most, "MB")
    yield Row("threads-more", "more threads at the end", threads, "", _MORE_THREADS)
    yield Row("threads", "the most threads", max(one.threads for one in record.samples))
    yield Row("files-more", "more open files at the end", files, "", _MORE_FILES)
    yield Row("files", "the most open files", max(one.files for one in record.samples))
    half = len(record.samples) // 2
    sizes = [one.store_bytes / _MEGABYTE for one in record.samples]
    bound = max(sizes[:half], default=0.0) * _STORE_GROWTH + _STORE_MEGABYTES
    yield Row("store", "the store's files in the second half", max(sizes[half:]), "MB", bound)


def watched(record: Record) -> Sequence[Sample]:
    """Return the samples of the last process, from when it was warm and had met each trouble."""
    last = [one for one in record.samples if one.process == record.samples[-1].process]
    since = max(last[0].at + record.warm_up, record.watched_from)
    warm = [one for one in last if one.at >= since]
    return warm or last


def slope_per_hour(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the values rise in an hour, by least squares; times in seconds."""
    mean_at, mean = fmean(at for at, _ in points), fmean(value for _, value in points)
    spread = sum((at - mean_at) ** 2 for at, _ in points)
    rise = sum((at - mean_at) * (value - mean) for at, value in points)
    return rise / spread * _HOUR if spread else 0.0


def _ends(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    tenth = max(1, len(samples) // 10)
    return samples[:tenth], samples[-tenth:]


def _containers(containers: Containers) -> Iterator[Row]:
    keys = containers.true.keys() | containers.counted.keys()
    missing = [containers.true.get(key, 0) - containers.counted.get(key, 0) for key in keys]
    lost = sum(number for number in missing if number > 0)
    doubled = -sum(number for number in missing if number < 0)
    yield Row("containers", "containers acknowledged", sum(containers.true.values()))
    yield Row("outcomes-lost", "outcomes that were not counted", lost, "", 0)
    yield Row("outcomes-doubled", "outcomes counted that Meta does not tell", doubled, "", 0)
    yield Row("gave-up", "containers that took too long", containers.gave_up)
    waiting = containers.unacknowledged
    yield Row("registrations-open", "registrations not taken in the end", waiting, "", 0)


def _scrapes(record: Record) -> Iterator[Row]:
    judged = [one for one in record.scrapes if not one.excused]
    answered = [one for one in judged if one.status == 200]
    failed = len(judged) - len(answered)
    yield _some("scrapes", "scrapes that were due an answer", len(judged))
    yield Row("scrapes-failed", "of these failed", failed, "", 0)
    if answered:
        times = [one.seconds for one in answered]
        size = max(one.size for one in answered) / _MEGABYTE
        yield Row("scrape-p99", "99 of 100 took at most", p99(times), "s", _SCRAPE_SECONDS)
        yield Row("scrape-median", "half of them took at most", median(times), "s")
        slow = sum(seconds > _SCRAPE_SECONDS for seconds in times)
        yield Row("scrapes-slow", "of these took longer than a second", slow)
        yield Row("scrape-size", "the largest scrape, compressed", size, "MB")


def _some(name: str, what: str, value: int) -> Row:
    """Return the row of what others are judged by: without any, nothing was shown."""
    return Row(name, what, value, "", 1, at_least=True)


def _accounts(record: Record) -> Iterator[Row]:
    stale = {name for look in record.looks for name in look.stale}
    removed = {name for look in record.looks for name in look.removed}
    judged = max((look.judged for look in record.looks), default=0)
    yield _some("accounts-judged", "accounts whose age was judged, at most at once", judged)
    yield Row("accounts-stale", "undisturbed accounts that were shown too old", len(stale), "", 0)
    oldest = max((look.oldest for look in record.looks), default=0.0)
    yield Row("accounts-oldest", "the oldest reading of one of those", oldest, "s")
    yield Row("accounts-ghosts", "removed accounts that were shown", len(removed), "", 0)
    yield Row("calls", "calls that Meta got", record.calls)
    most, budget = record.most_calls, record.call_budget
    yield Row("calls-most", "the most calls of one account", most, "", budget)


def _process(record: Record) -> Iterator[Row]:
    unhealthy = len(record.unhealthy)
    yield Row("unhealthy", "times that /-/healthy was not 200", unhealthy, "", 0)
    yield Row("died", "times that the exporter ended by itself", len(record.died), "", 0)
    yield Row("defects", "tracebacks in the log", record.defects, "", 0)
    yield Row("reloads-refused", "reloads that did not succeed", record.refused_reloads, "", 0)
    yield Row("store-down", "the store is down at the end", not record.store_up, "", 0)
    yield Row("exit-code", "exit code after SIGTERM", abs(record.exit_code), "", 0)
