from collections import Counter

import pytest

from exporter.scheduling.sharding import Shard, shard_of, shard_of_host

NAMES = [f"account-{number:06}" for number in range(10_000)]
HUNDRED_THOUSAND = [f"account-{number:06}" for number in range(100_000)]


def owners(total: int) -> dict[str, int]:
    """Return which shard has each account, having seen that it is one alone."""
    shards = [Shard(ordinal, total) for ordinal in range(total)]
    having = {name: [shard.ordinal for shard in shards if shard.has(name)] for name in NAMES}
    assert {len(found) for found in having.values()} == {1}
    return {name: found for name, [found] in having.items()}


def test_a_shard_alone_has_all_accounts() -> None:
    assert all(map(Shard().has, NAMES))


@pytest.mark.parametrize("total", [2, 3, 5])
def test_the_accounts_are_shared_evenly(total: int) -> None:
    sizes = Counter(owners(total).values())

    even = len(NAMES) / total
    assert len(sizes) == total
    assert 0.9 * even <= min(sizes.values()) <= max(sizes.values()) <= 1.1 * even


@pytest.mark.parametrize("total", [1, 2, 4])
def test_one_more_shard_takes_its_share_and_moves_no_other_account(total: int) -> None:
    before, after = owners(total), owners(total + 1)

    moved = [name for name in NAMES if before[name] != after[name]]
    assert {after[name] for name in moved} == {total}
    share = len(NAMES) / (total + 1)
    assert 0.9 * share <= len(moved) <= 1.1 * share


def test_a_hundred_thousand_accounts_on_ten_shards_and_then_on_eleven() -> None:
    before = [shard_of(name, 10) for name in HUNDRED_THOUSAND]
    after = [shard_of(name, 11) for name in HUNDRED_THOUSAND]

    for shards, total in ((before, 10), (after, 11)):
        even, sizes = len(HUNDRED_THOUSAND) / total, Counter(shards).values()
        assert 0.95 * even <= min(sizes) <= max(sizes) <= 1.05 * even
    moved = sum(one != other for one, other in zip(before, after, strict=True))
    assert moved / len(HUNDRED_THOUSAND) <= 1 / 11 + 0.02
    assert moved == after.count(10)


@pytest.mark.parametrize(("ordinal", "total"), [(1, 1), (-1, 3), (3, 3), (0, 0)])
def test_a_shard_is_one_of_the_total(ordinal: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"shard {ordinal} is none of {total}"):
        Shard(ordinal, total)


@pytest.mark.parametrize(
    ("host", "ordinal"),
    [
        ("threads-exporter-0", 0),
        ("threads-exporter-12", 12),
        ("threads-exporter-3.threads-exporter.monitoring.svc.cluster.local", 3),
    ],
)
def test_the_ordinal_of_a_pod_ends_its_host_name(host: str, ordinal: int) -> None:
    assert shard_of_host(host) == ordinal


@pytest.mark.parametrize("host", ["", "localhost", "exporter3", "a-1b", "pod.name-1"])
def test_another_host_name_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="ends with no StatefulSet ordinal"):
        shard_of_host(host)
