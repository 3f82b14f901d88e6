import pytest

from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from exporter.web.api.backend import StoreUnavailableError
from tests.web.api.stand_in import NOW, Client, Record, Registry

PATH = "/api/v1/containers"
FAILED = ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.FAILED_PROCESSING_VIDEO)


def ids(answer: dict[str, object]) -> list[str]:
    containers = answer["containers"]
    assert isinstance(containers, list)
    return [one["container_id"] for one in containers]


@pytest.fixture(autouse=True)
def tracked(registry: Registry) -> None:
    for number in range(10, 15):
        registry.records[str(number)] = Record("acme", str(number))
    registry.records["20"] = Record(
        "bakery", "20", FAILED, ContainerOutcome.ERROR, NOW, NOW + 60, NOW + 60
    )


def test_a_container_is_shown_with_all_that_is_known(client: Client) -> None:
    reply = client.get(f"{PATH}/20")

    assert (reply.status, reply.json) == (
        200,
        {
            "account": "bakery",
            "container_id": "20",
            "status": "ERROR",
            "error_message": "FAILED_PROCESSING_VIDEO",
            "outcome": "ERROR",
            "registered_at": "2026-09-21T14:13:20.000Z",
            "asked_at": "2026-09-21T14:14:20.000Z",
            "ended_at": "2026-09-21T14:14:20.000Z",
        },
    )


def test_an_unknown_container_is_not_found(client: Client) -> None:
    reply = client.get(f"{PATH}/99")

    assert (reply.status, reply.error) == (404, ("unknown_container", None))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("container_id", ["me", "1" * 33, "1%0A", "%D9%A1", "..", "1;2"])
def test_an_id_of_other_characters_never_reaches_the_store(
    client: Client, registry: Registry, method: str, container_id: str
) -> None:
    registry.failure = AssertionError("the store was asked")
    reply = client.get(f"{PATH}/{container_id}", method=method)

    assert (reply.status, reply.error) == (400, ("invalid_parameter", None))


def test_a_container_is_removed_once(client: Client, registry: Registry) -> None:
    first, second = client.delete(f"{PATH}/20"), client.delete(f"{PATH}/20")

    assert (first.status, first.text) == (204, "")
    assert (second.status, second.error) == (404, ("unknown_container", None))
    assert "20" not in registry.records


def test_nothing_is_removed_while_the_store_is_down(client: Client, registry: Registry) -> None:
    registry.failure = StoreUnavailableError(2.5)
    reply = client.delete(f"{PATH}/20")

    assert (reply.status, reply.error) == (503, ("store_unavailable", None))
    assert reply.headers["retry-after"] == "3"


def test_all_containers_are_listed_in_order(client: Client) -> None:
    reply = client.get(PATH)

    assert (reply.status, ids(reply.json)) == (200, ["10", "11", "12", "13", "14", "20"])
    assert reply.json["next_cursor"] is None


def test_paging_meets_each_container_once(client: Client, registry: Registry) -> None:
    first = client.get(f"{PATH}?limit=3").json
    del registry.records["12"]
    registry.records["100"] = Record("acme", "100")
    second = client.get(f"{PATH}?limit=3&cursor={first['next_cursor']}").json

    assert ids(first) == ["10", "11", "12"]
    assert ids(second) == ["13", "14", "20"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=bakery", ["20"]),
        ("account=other", []),
        ("status=PENDING", ["10", "11", "12", "13", "14"]),
        ("account=acme&status=ERROR", []),
        ("limit=1000&account=acme", ["10", "11", "12", "13", "14"]),
        ("limit=1&cursor=3133", ["14"]),
    ],
)
def test_containers_are_filtered(client: Client, query: str, found: list[str]) -> None:
    assert ids(client.get(f"{PATH}?{query}").json) == found


def test_a_filter_of_an_unknown_account_is_refused(client: Client) -> None:
    reply = client.get(f"{PATH}?account=nobody")

    assert (reply.status, reply.error) == (404, ("unknown_account", None))


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=10000", "limit=-1", "limit=x", "limit=", "limit=1.0"),
        *("limit=%D9%A1", "limit=1&limit=1", "status=pending", "status=", "account="),
        *("account=a%00", "acount=acme", "cursor=", "cursor=xyz", "cursor=31a0", "cursor=313"),
        *(f"cursor={'31' * 33}", "cursor=31%0A"),
    ],
)
def test_a_wrong_parameter_is_refused(client: Client, registry: Registry, query: str) -> None:
    registry.failure = AssertionError("the store was asked")
    reply = client.get(f"{PATH}?{query}")

    assert (reply.status, reply.error) == (400, ("invalid_parameter", None))
