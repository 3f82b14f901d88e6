import pytest

from exporter.metrics.exposition import expose
from exporter.metrics.probe import Probe
from exporter.metrics.registry import account_registry, exporter_registry
from exporter.observations.model import AccountObservation
from tests.metrics.scrapes import Exporter, exporter_of, identity, samples


def probed(exporter: Exporter, name: str, probe: Probe) -> list[str]:
    registry = account_registry(name, exporter.sources, exporter.instruments, probe)
    return samples(expose(registry, None, None).body)


def test_a_scrape_tells_of_the_process_too() -> None:
    names = {line.partition("{")[0].partition(" ")[0] for line in Exporter().scrape()}

    assert {name for name in names if not name.startswith("threads_")} == {
        "process_cpu_seconds_total",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_virtual_memory_bytes",
        "python_gc_collections_total",
        "python_gc_objects_collected_total",
        "python_gc_objects_uncollectable_total",
        "python_info",
    }


def test_several_registries_share_the_instruments() -> None:
    exporter = Exporter()

    assert exporter_registry(exporter.sources, exporter.instruments) is not exporter_registry(
        exporter.sources, exporter.instruments
    )


def test_a_probe_tells_of_its_account_alone() -> None:
    exporter = exporter_of(
        AccountObservation(identity("acme", {"team": "growth"})),
        AccountObservation(identity("beta", {"region": "eu"})),
    )

    lines = probed(exporter, "beta", Probe(success=True, duration_seconds=0.25))

    assert lines[0] == (
        'threads_account_info{account="beta",region="eu",team="",user_id="178414"} 1.0'
    )
    assert [line for line in lines[:-2] if 'account="beta"' not in line] == []
    assert lines[-2:] == ["probe_success 1.0", "probe_duration_seconds 0.25"]


def test_a_failed_probe_says_so() -> None:
    exporter = exporter_of(AccountObservation(identity()))

    lines = probed(exporter, "acme", Probe(success=False, duration_seconds=3))

    assert lines[-2:] == ["probe_success 0.0", "probe_duration_seconds 3.0"]


def test_a_probe_of_no_account_is_refused() -> None:
    with pytest.raises(KeyError, match="nobody"):
        probed(Exporter(), "nobody", Probe(success=True, duration_seconds=0))


def test_an_account_that_is_removed_meanwhile_leaves_the_probe_alone() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    probe = Probe(success=True, duration_seconds=1)
    registry = account_registry("acme", exporter.sources, exporter.instruments, probe)

    exporter.accounts = {}

    assert samples(expose(registry, None, None).body) == [
        "probe_success 1.0",
        "probe_duration_seconds 1.0",
    ]
