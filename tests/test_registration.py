import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import pytest

from exporter.containers.news import News
from exporter.containers.record import ContainerRecord, Source
from exporter.containers.registry import ContainerRegistry, TrackingRules
from exporter.containers.shared import SharedContainers
from exporter.containers.tracked import TrackedContainers
from exporter.containers.trouble import StoreError
from exporter.domain import (
    AccountIdentity,
    ContainerState,
    ContainerStatus,
    RegistrationResult,
    StoreTrouble,
)
from exporter.observations.model import AccountObservation
from exporter.registration import Allowances, RegistrationApi
from exporter.secret import Secret
from exporter.threads_api.catalogue import UNKNOWN_ERROR
from exporter.web.api.backend import (
    ContainerConflictError,
    ContainerQuery,
    NewContainer,
    RateLimitedError,
    Registration,
    StoreUnavailableError,
    TrackingFullError,
)
from exporter.web.backend import UnknownAccountError
from tests.clock import ControlledClock
from tests.containers.failing_store import FailingStore

pytest_plugins = ("tests.containers.backends",)

TOKEN = "registrar-0123456789abcdef"
PUBLISHED = ContainerState(ContainerStatus.PUBLISHED)
FULL = StoreError(StoreTrouble.FULL, "no space left")


@dataclass
class Told:
    """What the API told of its work."""

    results: Counter[RegistrationResult] = field(default_factory=Counter)
    extended: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    troubles: list[StoreTrouble] = field(default_factory=list)

    def registered(self, result: RegistrationResult, count: int = 1) -> None:
        self.results[result] += count

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        raise AssertionError(f"{outcome} after {seconds} s: no poll runs here")

    def store_failed(self, trouble: StoreTrouble) -> None:
        self.troubles.append(trouble)

    def writes_fenced(self, count: int) -> None:
        raise AssertionError(f"{count} containers are another process's: there is no other")


def registered(api: RegistrationApi, containers: Sequence[NewContainer]) -> Sequence[Registration]:
    [outcome] = api.register_each([containers])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@dataclass
class Publishers:
    """The API's backend over the accounts acme and zebra, of 10 containers at most."""

    clock: ControlledClock
    store: FailingStore
    told: Told = field(default_factory=Told)
    token: Secret | None = field(default_factory=lambda: Secret(TOKEN))

    def __post_init__(self) -> None:
        self._registry = ContainerRegistry(self.store, self.clock, self.told)
        self._registry.open()
        rules = TrackingRules(max_tracked=10)
        self.registry.follow({"acme": (), "zebra": ()}, rules)
        seen = {
            name: AccountObservation(AccountIdentity(name, "me", "", {}))
            for name in ("acme", "zebra")
        }
        self.api = RegistrationApi(
            tracked=self._tracked(),
            names=seen.keys,
            accounts=lambda: seen,
            token=lambda: self.token,
            extended=self.told.extended.extend,
            changed=self.told.changed.append,
            observer=self.told,
            allowances=Allowances(self.clock, burst=20, per_second=2),
            going_first=nullcontext,
        )

    def _tracked(self) -> TrackedContainers:
        if not self.store.is_shared:
            return self._registry
        return SharedContainers(
            self.store,
            News(self.store.transaction),
            self.clock,
            max_tracked=lambda: self._registry.max_tracked,
            failed=self.told.store_failed,
        )

    @property
    def registry(self) -> ContainerRegistry:
        """What polls go by, with all that publishers told of by now."""
        if self.store.is_shared:
            self._registry.take_up(["acme", "zebra"])
        return self._registry

    def request(self, containers: Sequence[NewContainer]) -> Sequence[Registration]:
        """Register the containers of one request; raises what it failed with."""
        return registered(self.api, containers)

    def register(self, account: str, *ids: str) -> list[bool]:
        """Register containers of an account; return whether each was new."""
        done = self.request([NewContainer(account, item) for item in ids])
        assert [item.container.container_id for item in done] == list(ids)
        return [item.is_new for item in done]

    def ids(self, query: ContainerQuery) -> list[str]:
        return [record.container_id for record in self.api.containers(query)]

    def results(self) -> dict[RegistrationResult, int]:
        """Return what became of containers since this was last asked."""
        results = {result: number for result, number in self.told.results.items() if number}
        self.told.results.clear()
        return results


@pytest.fixture
def publishers(store_url: str) -> Iterator[Publishers]:
    publishers = Publishers(ControlledClock(), FailingStore(store_url))
    yield publishers
    publishers.registry.close()


def test_only_the_configured_token_is_authorized(publishers: Publishers) -> None:
    with_token = publishers.api.enabled
    assert publishers.api.authorized(TOKEN)
    assert not publishers.api.authorized(TOKEN[:-1])

    publishers.token = None

    assert (with_token, publishers.api.enabled) == (True, False)
    assert not publishers.api.authorized(TOKEN)


def test_a_registered_container_is_tracked_and_counted(publishers: Publishers) -> None:
    [done] = publishers.request([NewContainer("acme", "1")])

    assert done.is_new
    assert done.container == ContainerRecord(
        "acme", "1", Source.API, publishers.clock.wall(), next_ask_at=publishers.clock.wall()
    )
    assert publishers.results() == {RegistrationResult.CREATED: 1}
    assert publishers.told.extended == ["acme"]


def test_a_known_container_stays_as_it_is(publishers: Publishers) -> None:
    publishers.register("acme", "1", "2")
    publishers.registry.answered("acme", "1", PUBLISHED)
    before = publishers.api.container("1")
    publishers.results()
    publishers.told.extended.clear()

    assert publishers.register("acme", "1", "3", "2") == [False, True, False]
    assert publishers.register("acme", "2") == [False]

    assert publishers.api.container("1") == before
    assert publishers.results() == {RegistrationResult.CREATED: 1, RegistrationResult.KNOWN: 3}
    assert publishers.told.extended == ["acme"]


def test_of_several_requests_each_has_its_own_outcome(publishers: Publishers) -> None:
    publishers.register("zebra", "1")
    publishers.results()
    publishers.told.extended.clear()

    done = publishers.api.register_each(
        [
            [NewContainer("acme", "2"), NewContainer("zebra", "1")],
            [NewContainer("acme", "3")],
            [NewContainer("nobody", "4")],
            [NewContainer("acme", "5"), NewContainer("acme", "1")],
            [NewContainer("acme", "nul\0")],
            [NewContainer("zebra", "6")],
        ]
    )

    assert [type(outcome) for outcome in done if isinstance(outcome, Exception)] == [
        UnknownAccountError,
        ContainerConflictError,
        ValueError,
    ]
    assert [
        [(item.container.container_id, item.is_new) for item in outcome]
        for outcome in done
        if not isinstance(outcome, Exception)
    ] == [[("2", True), ("1", False)], [("3", True)], [("6", True)]]
    assert publishers.ids(ContainerQuery(100)) == ["1", "2", "3", "6"]
    assert publishers.results() == {
        RegistrationResult.CREATED: 3,
        RegistrationResult.KNOWN: 1,
        RegistrationResult.REFUSED: 3,
        RegistrationResult.UNAVAILABLE: 1,
    }
    assert sorted(publishers.told.extended) == ["acme", "zebra"]


def test_each_account_is_told_of_once(publishers: Publishers) -> None:
    publishers.request(
        [NewContainer("acme", "1"), NewContainer("zebra", "2"), NewContainer("acme", "3")]
    )

    assert sorted(publishers.told.extended) == ["acme", "zebra"]


def refused(publishers: Publishers, error: type[Exception], account: str, *ids: str) -> Exception:
    """Register in vain along with a container of acme's; return why."""
    before = publishers.ids(ContainerQuery(100)), list(publishers.told.extended)
    new = [NewContainer("acme", "100"), *(NewContainer(account, item) for item in ids)]
    with pytest.raises(error) as caught:
        publishers.request(new)
    assert (publishers.ids(ContainerQuery(100)), publishers.told.extended) == before
    return caught.value


def test_an_unknown_account_is_refused(publishers: Publishers) -> None:
    error = refused(publishers, UnknownAccountError, "nobody", "1", "2")

    assert error.args == ("nobody",)
    assert publishers.results() == {RegistrationResult.REFUSED: 3}


def test_anothers_container_is_refused(publishers: Publishers) -> None:
    publishers.register("acme", "1")
    publishers.results()

    error = refused(publishers, ContainerConflictError, "zebra", "1")

    assert isinstance(error, ContainerConflictError)
    assert error.container_id == "1"
    assert publishers.results() == {RegistrationResult.REFUSED: 2}


def test_no_more_are_registered_than_may_be_tracked(publishers: Publishers) -> None:
    ids = [str(number) for number in range(9)]
    publishers.register("acme", *ids)
    publishers.results()

    refused(publishers, TrackingFullError, "acme", "9")

    assert publishers.results() == {RegistrationResult.FULL: 2}
    assert publishers.register("acme", "9") == [True]


def test_a_store_that_is_down_takes_nothing(publishers: Publishers) -> None:
    publishers.register("acme", "1")
    publishers.results()
    publishers.store.trouble = FULL

    error = refused(publishers, StoreUnavailableError, "acme", "2")

    assert isinstance(error, StoreUnavailableError)
    assert error.retry_after == 5
    assert publishers.results() == {RegistrationResult.UNAVAILABLE: 2}
    with pytest.raises(StoreUnavailableError):
        publishers.api.remove("1")
    with pytest.raises(StoreUnavailableError):
        publishers.api.report("acme", "429")
    assert publishers.registry.reports("acme") == {}
    if not publishers.store.is_shared:
        assert publishers.register("acme", "1") == [False]

    publishers.store.trouble = None
    publishers.registry.keep_store()
    assert publishers.register("acme", "2") == [True]


def test_a_container_that_is_gone_before_it_is_answered_was_not_registered(
    publishers: Publishers,
) -> None:
    def forget(accounts: Collection[str]) -> None:
        for account in accounts:
            for record in publishers.api.containers(ContainerQuery(10, account=account)):
                publishers.api.remove(record.container_id)

    api = replace(publishers.api, extended=forget)

    with pytest.raises(StoreUnavailableError):
        registered(api, [NewContainer("acme", "1")])


def test_an_account_registers_no_faster_than_its_allowance(publishers: Publishers) -> None:
    for _ in range(4):
        publishers.register("acme", "1", "2", "3", "4", "5")
    publishers.results()

    error = refused(publishers, RateLimitedError, "acme", "1", "2")

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 1.5
    assert publishers.results() == {RegistrationResult.RATE_LIMITED: 3}
    assert publishers.register("zebra", "6") == [True]
    publishers.clock.advance(0.5)
    assert publishers.register("acme", "1") == [False]
    with pytest.raises(RateLimitedError):
        publishers.api.report("acme", "429")


def test_of_a_refused_batch_nothing_is_spent(publishers: Publishers) -> None:
    for _ in range(3):
        refused(publishers, UnknownAccountError, "nobody", "1")
        refused(publishers, RateLimitedError, "zebra", *map(str, range(21)))

    for _ in range(2):
        publishers.register("acme", *map(str, range(10)))


def test_an_allowance_fills_up_steadily_and_no_further_than_the_burst() -> None:
    clock = ControlledClock()
    allowances = Allowances(clock, burst=4, per_second=0.5)

    def wait(number: int) -> float:
        """Spend; return for how long that is too early."""
        try:
            allowances.spend({"acme": number})
        except RateLimitedError as error:
            return error.retry_after
        return 0.0

    assert [wait(1) for _ in range(5)] == [0, 0, 0, 0, 2]
    clock.advance(1.5)
    assert [wait(1), wait(2)] == [0.5, 2.5]
    clock.advance(0.5)
    assert [wait(1), wait(1)] == [0, 2]
    clock.advance(1_000)
    assert [wait(5), wait(4), wait(1)] == [2, 0, 2]
    clock.set_wall(0)
    assert wait(1) == 2
    assert [wait(0), wait(1)] == [0, 2]


def test_a_whole_batch_of_a_thousand_is_within_the_usual_burst() -> None:
    allowances = Allowances(ControlledClock())

    allowances.spend({"acme": 1_000, "zebra": 1_000})
    allowances.spend({"acme": 1_000})
    with pytest.raises(RateLimitedError):
        allowances.spend({"acme": 1, "zebra": 1})
    allowances.spend({"zebra": 1_000})


def test_containers_are_found_by_account_status_and_page(publishers: Publishers) -> None:
    publishers.register("acme", "2", "10", "1")
    publishers.register("zebra", "3")
    publishers.registry.answered("acme", "2", PUBLISHED)

    ids = publishers.ids
    assert ids(ContainerQuery(100)) == ["1", "10", "2", "3"]
    assert ids(ContainerQuery(2)) == ["1", "10"]
    assert ids(ContainerQuery(2, after="10")) == ["2", "3"]
    assert ids(ContainerQuery(100, after="3")) == []
    assert ids(ContainerQuery(100, account="acme")) == ["1", "10", "2"]
    assert ids(ContainerQuery(100, account="acme", status=ContainerStatus.PENDING)) == ["1", "10"]
    assert ids(ContainerQuery(100, status=ContainerStatus.PUBLISHED)) == ["2"]
    with pytest.raises(UnknownAccountError):
        ids(ContainerQuery(100, account="nobody"))


def test_one_container_is_found_by_its_id(publishers: Publishers) -> None:
    publishers.register("acme", "1")

    assert publishers.api.container("1") == publishers.registry.get("1")
    assert publishers.api.container("2") is None


def test_a_removed_container_is_gone_and_its_account_told_of(publishers: Publishers) -> None:
    publishers.register("acme", "1")

    assert publishers.api.remove("1")
    assert not publishers.api.remove("1")

    assert publishers.api.container("1") is None
    assert publishers.told.changed == ["acme"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("190/463", "expired_access_token"),
        (json.dumps({"error": {"code": 190, "error_subcode": 463}}), "expired_access_token"),
        ("what nobody has ever heard of", UNKNOWN_ERROR.known.name),
    ],
)
def test_a_reported_error_is_explained_and_counted(
    publishers: Publishers, text: str, name: str
) -> None:
    assert publishers.api.report("acme", text).name == name

    assert publishers.registry.reports("acme") == {name: 1}
    assert publishers.told.changed == ["acme"]


def test_an_unknown_accounts_error_is_not_counted(publishers: Publishers) -> None:
    with pytest.raises(UnknownAccountError):
        publishers.api.report("nobody", "190")

    assert publishers.registry.reports("nobody") == {}
    assert publishers.told.changed == []
