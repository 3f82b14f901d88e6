"""The judge: each bound is broken once, by a record in which that alone went wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from soak.judge import judge, slope_per_hour, watched
from soak.record import Containers, Look, Record, Sample, Scrape

ACME, PUBLISHED = "account-1", "PUBLISHED"
HOURS = 2
MEGABYTE = 1_000_000


def sample(minute: int, process: int = 7) -> Sample:
    return Sample(minute * 60.0, process, 100 * MEGABYTE, 40, 60, 3 * MEGABYTE)


def good() -> Record:
    return Record(
        samples=[sample(minute) for minute in range(60 * HOURS)],
        scrapes=[Scrape(at, 0.2, 200, MEGABYTE) for at in range(100)],
        looks=[Look(60.0, 300, (), ())],
        containers=Containers({(ACME, PUBLISHED): 5}, {(ACME, PUBLISHED): 5}),
        calls=1000,
        most_calls=20,
        call_budget=20,
        warm_up=60.0,
    )


def broken(record: Record) -> list[str]:
    return [row.name for row in judge(record) if row.met is False]


def growing(part: str, by_minute: float) -> Callable[[Record], None]:
    """Return a leak: so much more each minute."""

    def leak(record: Record) -> None:
        record.samples = [
            replace(one, **{part: getattr(one, part) + round(one.at / 60 * by_minute)})
            for one in record.samples
        ]

    return leak


def counted(**outcomes: int) -> Callable[[Record], None]:
    def count(record: Record) -> None:
        record.containers = replace(
            record.containers, counted={(ACME, name): number for name, number in outcomes.items()}
        )

    return count


def setting(**values: object) -> Callable[[Record], None]:
    def change(record: Record) -> None:
        vars(record).update(values)

    return change


FAULTS: Mapping[str, tuple[Callable[[Record], None], list[str]]] = {
    "memory leaks 10 MB an hour": (growing("bytes", 10 / 60 * MEGABYTE), ["memory-growth"]),
    "threads leak": (growing("threads", 0.1), ["threads-more"]),
    "files leak": (growing("files", 0.3), ["files-more"]),
    "the store grows": (growing("store_bytes", 0.2 * MEGABYTE), ["store"]),
    "an outcome is lost": (counted(PUBLISHED=4), ["outcomes-lost"]),
    "an outcome is doubled": (counted(PUBLISHED=6), ["outcomes-doubled"]),
    "an outcome is another": (
        counted(PUBLISHED=4, ERROR=1),
        ["outcomes-lost", "outcomes-doubled"],
    ),
    "a scrape is refused": (
        lambda record: record.scrapes.append(Scrape(1.0, 0.1, 503)),
        ["scrapes-failed"],
    ),
    "a scrape has no answer": (
        lambda record: record.scrapes.append(Scrape(1.0, 15.0, None)),
        ["scrapes-failed"],
    ),
    "scrapes are slow": (
        lambda record: record.scrapes.extend([Scrape(1.0, 1.1, 200)] * 2),
        ["scrape-p99"],
    ),
    "an account is stale": (
        setting(looks=[Look(1.0, 3, (ACME,), ())]),
        ["accounts-stale"],
    ),
    "a removed account is shown": (
        setting(looks=[Look(1.0, 3, (), (ACME,))]),
        ["accounts-ghosts"],
    ),
    "the budget is overdrawn": (setting(most_calls=21), ["calls-most"]),
    "it was not healthy": (setting(unhealthy=[3.0]), ["unhealthy"]),
    "it died": (setting(died=[3.0]), ["died"]),
    "it logged a traceback": (setting(defects=1), ["defects"]),
    "a reload was refused": (setting(refused_reloads=1), ["reloads-refused"]),
    "the store stays down": (setting(store_up=False), ["store-down"]),
    "it did not end well": (setting(exit_code=-9), ["exit-code"]),
    "publishers wait still": (
        setting(
            containers=Containers({}, {}, unacknowledged=1),
        ),
        ["registrations-open"],
    ),
    "nothing was judged": (setting(looks=[]), ["accounts-judged"]),
    "nothing was scraped": (setting(scrapes=[]), ["scrapes"]),
}


def test_a_good_run_keeps_all_bounds() -> None:
    assert broken(good()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_breaks_its_bound_and_no_other(fault: str) -> None:
    do, bounds = FAULTS[fault]
    record = good()
    do(record)

    assert broken(record) == bounds


def test_an_excused_scrape_is_not_judged() -> None:
    record = good()
    record.scrapes.append(Scrape(1.0, 9.0, None, excused=True))

    assert broken(record) == []


def test_a_short_run_may_gain_what_would_be_too_much_by_the_hour() -> None:
    record = good()
    growing("bytes", 1.0 * MEGABYTE)(record)
    record.samples = record.samples[:10]

    assert broken(record) == []


def test_memory_is_watched_from_when_the_last_process_was_warm() -> None:
    record = good()
    record.samples = [sample(0), sample(1), *(sample(minute, 8) for minute in range(2, 6))]

    assert [one.at for one in watched(record)] == [180.0, 240.0, 300.0]


def test_the_slope_is_what_an_hour_adds() -> None:
    assert slope_per_hour([(0.0, 10.0), (1800.0, 11.0), (3600.0, 12.0)]) == pytest.approx(2.0)
    assert slope_per_hour([(5.0, 10.0)]) == 0
