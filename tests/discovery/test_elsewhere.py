from exporter.discovery.elsewhere import Elsewhere


def is_own(name: str) -> bool:
    return name == "acme"


def test_what_is_this_shards_and_nobody_tells_of_is_nobodys() -> None:
    assert "acme" not in Elsewhere(is_own, is_whole=True)


def test_another_shard_cares_for_its_accounts() -> None:
    assert "globex" in Elsewhere(is_own, is_whole=True)


def test_a_source_may_tell_of_it_yet() -> None:
    assert "acme" in Elsewhere(is_own, is_whole=False)


def test_another_process_of_this_shard_may_hold_it() -> None:
    assert "acme" in Elsewhere(is_own, is_whole=True, others={"acme"})
