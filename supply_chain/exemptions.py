import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

EXEMPTIONS: Final = Path(__file__).with_name("exemptions.toml")

_KEYS: Final = {"id": str, "reason": str, "until": date}


class ExemptionError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Exemption:
    id: str
    reason: str
    until: date

    def is_over(self, today: date) -> bool:
        return today > self.until


def read_exemptions(file: Path) -> tuple[Exemption, ...]:
    """Return the entries of a file; raises ExemptionError where one is not as it must be."""
    try:
        entries = tomllib.loads(file.read_text("utf-8")).get("exemption", [])
    except (OSError, ValueError) as error:
        raise ExemptionError(f"{file}: {error}") from None
    return tuple(_exemption(file, number, entry) for number, entry in enumerate(entries, 1))


def _exemption(file: Path, number: int, entry: dict[str, object]) -> Exemption:
    fits = entry.keys() == _KEYS.keys() and all(
        isinstance(entry[key], kind) and entry[key] and not isinstance(entry[key], datetime)
        for key, kind in _KEYS.items()
    )
    if not fits:
        raise ExemptionError(f"{file}: exemption {number} needs an id, a reason and a date until")
    return Exemption(**entry)  # type: ignore[arg-type] # the types were just looked at
