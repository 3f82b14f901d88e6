"""A run's figures, as a table and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.table import plain
from soak.judge import Row
from soak.record import Record
from soak.scale import Scale
from soak.timetable import timetable

_ANSWERS = {None: "", True: "kept", False: "BROKEN"}
_HEAD = ("", "figure", "bound", "")


def table(rows: Sequence[Row]) -> str:
    lines = [(row.what, _figure(row, row.value), _bound(row), _ANSWERS[row.met]) for row in rows]
    return plain([_HEAD, *lines])


def _bound(row: Row) -> str:
    sign = "≥" if row.at_least else "≤"
    return "" if row.bound is None else f"{sign} {_figure(row, row.bound)}"


def _figure(row: Row, value: float) -> str:
    digits = f"{value:,.0f}".replace(",", " ") if value == round(value) else f"{value:.3g}"
    return f"{digits} {row.unit}".rstrip()


def write(
    file: Path, scale: Scale, rows: Sequence[Row], record: Record, conditions: Mapping[str, str]
) -> None:
    content = {
        "conditions": conditions,
        "scale": {**asdict(scale), "interval": scale.interval},
        "rows": [{**asdict(row), "met": row.met} for row in rows],
        "episodes": [asdict(episode) for episode in timetable(scale)],
        "looks": [asdict(look) for look in record.looks],
        "scrapes": [asdict(scrape) for scrape in record.scrapes],
        "defect_lines": record.defect_lines,
        "samples": [asdict(sample) for sample in record.samples],
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
