from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from exporter.config.problems import ConfigError, Problem
from exporter.reloading import Reloads
from exporter.secret import SecretUnreadableError
from tests.clock import ControlledClock


@pytest.fixture
def reloads(clock: ControlledClock) -> Reloads:
    return Reloads(clock)


def failing(error: Exception) -> Callable[[], None]:
    def load() -> None:
        raise error

    return load


WRONG = ConfigError([Problem(Path("config.yaml"), 7, "accounts", "is wrong")])


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (WRONG, "config.yaml:7: accounts: is wrong"),
        (SecretUnreadableError("tokens/acme: is empty"), "tokens/acme: is empty"),
        (MemoryError(), "MemoryError: the log says more"),
    ],
)
def test_a_mistake_is_a_problem(reloads: Reloads, error: Exception, problem: str) -> None:
    assert reloads.attempt("accounts", failing(error)) == [problem]
    assert reloads.failed("accounts")
    assert not reloads.successful


def test_a_success_has_its_time(reloads: Reloads, clock: ControlledClock) -> None:
    started = clock.wall()
    clock.advance(10)
    reloads.attempt("accounts", failing(WRONG))
    assert reloads.success_at == started

    assert reloads.attempt("accounts", lambda: None) == ()
    assert reloads.success_at == clock.wall()
    assert reloads.successful


def test_a_success_settles_its_own_problems_alone(reloads: Reloads) -> None:
    reloads.attempt("accounts", failing(WRONG))
    reloads.attempt("containers", failing(WRONG))
    reloads.attempt("containers", lambda: None)
    assert (reloads.failed("accounts"), reloads.failed("containers")) == (True, False)


def test_a_whole_load_settles_all(reloads: Reloads) -> None:
    reloads.attempt("accounts", failing(WRONG))
    reloads.attempt("configuration", reloads.settle)
    assert reloads.successful


def test_nothing_is_loaded_while_loads_are_held_back(reloads: Reloads) -> None:
    loaded = Event()
    loading = Thread(target=reloads.attempt, args=("accounts", loaded.set))
    with reloads.held():
        loading.start()
        early = loaded.wait(0.1)
    loading.join(10)

    assert (early, loaded.is_set()) == (False, True)


def test_the_same_problems_are_logged_once(reloads: Reloads) -> None:
    with capture_logs() as logs:
        reloads.attempt("accounts", failing(WRONG))
        reloads.attempt("accounts", failing(WRONG))
        reloads.attempt("accounts", lambda: None)
        reloads.attempt("accounts", failing(WRONG))

    assert [line["problem"] for line in logs] == ["config.yaml:7: accounts: is wrong"] * 2
