import json
import re

from fuzz.json_mutation import mutated

DOCUMENT = b'{"data": [{"quota_usage": 1, "config": {"quota_total": 250}}], "id": "1"}'


def mutations(data: bytes, most: int = 100_000) -> list[bytes | None]:
    return [mutated(data, most, seed) for seed in range(400)]


def test_what_is_changed_stays_json() -> None:
    changed = [one for one in mutations(DOCUMENT) if one is not None]

    assert len(changed) > 200
    assert len({*changed}) > 100
    assert all(json.loads(one) is not ... for one in changed)


def test_a_seed_always_has_the_same_outcome() -> None:
    assert mutations(DOCUMENT) == mutations(DOCUMENT)


def test_values_deep_inside_are_reached() -> None:
    nested = re.compile(rb'"quota_total": (?!250)')

    assert sum(nested.search(one or b"") is not None for one in mutations(DOCUMENT)) > 5


def test_keys_and_items_are_lost_and_added() -> None:
    changed = [json.loads(one) for one in mutations(DOCUMENT) if one is not None]
    lengths = {len(one) for one in changed if isinstance(one, dict) and {"data", "id"} & one.keys()}

    assert lengths >= {1, 2, 3}


def test_bytes_are_left_to_the_fuzzer_at_times_or_where_there_is_no_json() -> None:
    assert 0 < mutations(DOCUMENT).count(None) < 200
    assert {*mutations(b"no JSON"), *mutations(b"[" * 100_000), *mutations(b"9" * 5000)} == {None}


def test_nothing_gets_longer_than_it_may() -> None:
    assert all(len(one) <= 80 for one in mutations(DOCUMENT, 80) if one is not None)
