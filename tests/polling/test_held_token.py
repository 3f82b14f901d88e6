from pathlib import Path

import pytest

from exporter.polling.held_token import RECHECK_SECONDS, HeldToken
from exporter.secret import FileSecret, Secret, SecretUnreadableError, WatchedSecret

OLD, NEW = Secret("old-token"), Secret("new-token")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("old-token")
    return file


@pytest.fixture
def held(file: Path) -> HeldToken:
    return HeldToken(WatchedSecret(FileSecret(file)))


def test_a_token_is_neither_valid_nor_invalid_before_a_verdict(held: HeldToken) -> None:
    assert held.valid is None
    assert held.may_be_used(0)


def test_a_dead_token_may_be_used_after_an_hour_by_one(held: HeldToken) -> None:
    assert held.judge(OLD, valid=False, now=100)

    assert not held.claim_use(100 + RECHECK_SECONDS - 1)
    assert held.may_be_used(100 + RECHECK_SECONDS)
    assert held.claim_use(100 + RECHECK_SECONDS)
    assert not held.claim_use(100 + RECHECK_SECONDS)


def test_a_living_token_may_always_be_used(held: HeldToken) -> None:
    held.judge(OLD, valid=True, now=100)

    assert held.claim_use(100)
    assert held.claim_use(100)


def test_a_verdict_on_the_old_token_is_none_on_the_new_one(held: HeldToken, file: Path) -> None:
    held.judge(OLD, valid=False, now=100)
    file.write_text("the-new-token")
    assert held.refresh()

    assert held.valid is None
    assert held.may_be_used(100)
    assert not held.judge(OLD, valid=False, now=100)
    assert held.valid is None


def test_an_unreadable_file_keeps_the_token_and_its_verdict(held: HeldToken, file: Path) -> None:
    held.judge(OLD, valid=False, now=100)
    file.unlink()

    with pytest.raises(SecretUnreadableError):
        held.refresh()

    assert held.current == OLD
    assert held.valid is False
    assert not held.judge(NEW, valid=True, now=100)
