"""A run's result, and the JSON that it is kept as."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figures, Judged, Row, Target, Unit

_FORMAT = 1


class ResultError(Exception):
    """A file is no result of this version; the message names it."""


@dataclass(frozen=True, slots=True)
class Result:
    """The rows that a run measured, what it left out for want of a program, and what failed.

    `took` has the seconds of each measurement.
    """

    date: str
    quick: bool
    conditions: Mapping[str, str]
    rows: Sequence[Row]
    left_out: Mapping[str, str]
    failed: Mapping[str, str]
    took: Mapping[str, float]

    def left_out_lines(self) -> Sequence[str]:
        """Return a line for each program that was missing: what that left out, and the remedy."""
        reasons = dict.fromkeys(self.left_out.values())
        return [
            f"left out: {', '.join(name for name, why in self.left_out.items() if why == reason)}:"
            f" {reason}"
            for reason in reasons
        ]

    def write(self, path: Path) -> None:
        content = {
            "format": _FORMAT,
            "date": self.date,
            "quick": self.quick,
            "conditions": dict(self.conditions),
            "rows": [_row_json(row) for row in self.rows],
            "left_out": dict(self.left_out),
            "failed": dict(self.failed),
            "took": dict(self.took),
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Result":
        """Return the result that a file holds; raises ResultError."""
        try:
            content = json.loads(path.read_bytes())
            if content["format"] != _FORMAT:
                raise ResultError(f"{path}: is of format {content['format']}, not {_FORMAT}")
            return cls(
                date=content["date"],
                quick=content["quick"],
                conditions=content["conditions"],
                rows=[_row(item) for item in content["rows"]],
                left_out=content["left_out"],
                failed=content["failed"],
                took=content.get("took", {}),
            )
        except OSError as error:
            raise ResultError(f"{path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ResultError(f"{path}: is no result of `benchmarks run`: {error!r}") from None


def _row_json(row: Row) -> Mapping[str, object]:
    return {
        "name": row.name,
        "what": row.what,
        "unit": row.unit.name.lower(),
        "ours": _figures_json(row.ours),
        "yardstick": row.yardstick and _figures_json(row.yardstick),
        "against": row.against,
        "ratio": row.ratio,
        "target": row.target and _target_json(row.target),
        "met": row.met,
    }


def _figures_json(figures: Figures) -> Mapping[str, object]:
    return {
        "median": figures.median,
        "min": figures.low,
        "max": figures.high,
        "values": figures.values,
    }


def _target_json(target: Target) -> Mapping[str, object]:
    return {"of": target.judged, "bound": target.bound, "at_least": target.at_least}


def _row(item: Mapping[str, Any]) -> Row:
    yardstick, target = item["yardstick"], item["target"]
    return Row(
        name=item["name"],
        what=item["what"],
        unit=Unit[item["unit"].upper()],
        ours=Figures(tuple(item["ours"]["values"])),
        yardstick=Figures(tuple(yardstick["values"])) if yardstick else None,
        against=item["against"],
        target=target and Target(Judged(target["of"]), target["bound"], target["at_least"]),
    )
