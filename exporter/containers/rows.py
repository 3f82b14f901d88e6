"""Between the values of the store's users and the rows of its tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import RowMapping

from exporter.containers.record import ContainerRecord, Source
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)

Values = dict[str, str | float | bool | None]


class CountKind(StrEnum):
    """What is counted; the count's name is a Source, an outcome, an error message or an error."""

    REGISTERED = "registered"
    OUTCOME = "outcome"
    ERROR = "error"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, order=True)
class CountKey:
    account: str
    kind: CountKind
    name: str


@dataclass(frozen=True, slots=True)
class StoredState:
    """All that a store holds: the containers not forgotten yet, and what was ever counted."""

    records: Sequence[ContainerRecord]
    counts: Mapping[CountKey, int]


# PostgreSQL takes no NUL, no driver takes half of a surrogate pair.
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")


def check_texts(texts: Sequence[str]) -> None:
    """Raise ValueError for a text that not every database stores."""
    if _UNFIT.search("".join(texts)):
        unfit = next(text for text in texts if _UNFIT.search(text))
        raise ValueError(f"{unfit!a} holds a NUL or half of a surrogate pair: remove it")


def row_of(record: ContainerRecord) -> Values:
    return {
        "container_id": record.container_id,
        "account": record.account,
        "source": str(record.source),
        "registered_at": record.registered_at,
        "status": str(record.state.status),
        "error_message": _text(record.state.error_message),
        "asked_at": record.asked_at,
        "next_ask_at": record.next_ask_at,
        "gave_up": record.gave_up,
        "outcome": _text(record.outcome),
        "ended_at": record.ended_at,
        "unknown_to_meta": record.unknown_to_meta,
        "processed_at": record.processed_at,
    }


def _text(name: StrEnum | None) -> str | None:
    """Return the plain text, which is all that every driver takes."""
    return None if name is None else str(name)


def record_of(row: RowMapping) -> ContainerRecord:
    """Return the record that a row holds; raises ValueError for a name that is not known."""
    return ContainerRecord(
        account=row["account"],
        container_id=row["container_id"],
        source=Source(row["source"]),
        registered_at=row["registered_at"],
        state=ContainerState(
            ContainerStatus(row["status"]),
            ContainerErrorMessage(row["error_message"]) if row["error_message"] else None,
        ),
        asked_at=row["asked_at"],
        next_ask_at=row["next_ask_at"],
        gave_up=row["gave_up"],
        outcome=ContainerOutcome(row["outcome"]) if row["outcome"] else None,
        ended_at=row["ended_at"],
        unknown_to_meta=row["unknown_to_meta"],
        processed_at=row["processed_at"],
    )


def counts_of(rows: Iterable[RowMapping]) -> Mapping[CountKey, int]:
    return {
        CountKey(row["account"], CountKind(row["kind"]), row["name"]): row["value"] for row in rows
    }


def count_rows(counts: Mapping[CountKey, int]) -> Sequence[Values]:
    """Return the counts in one order for all, so that no two writers wait for each other."""
    return [
        {"account": key.account, "kind": key.kind.value, "name": key.name, "value": counts[key]}
        for key in sorted(counts)
    ]
