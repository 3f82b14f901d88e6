from types import NoneType
from typing import ClassVar, get_type_hints

from pydantic import ConfigDict, model_validator


class Section:
    """Base of the dataclasses that pydantic fills from a mapping: unknown keys are errors."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _take_empty_for_absent(cls, value: object) -> object:
        """Let `key:` with nothing behind it mean the default, as in Prometheus' own files."""
        if not isinstance(value, dict) or None not in value.values():
            return value
        known = section_keys(cls)
        return {key: item for key, item in value.items() if item is not None or key not in known}


def section_keys(section: type[Section]) -> list[str]:
    """Return the keys that take a value."""
    hints = get_type_hints(section).items()
    return [key for key, hint in hints if not key.startswith("_") and hint is not NoneType]
