"""From parsed values to sections, or to a sentence for every mistake."""

from difflib import get_close_matches
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from exporter.config.problems import Location
from exporter.config.section import Section, section_keys

_SENTENCES = {
    "missing": "is required",
    "dataclass_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "enum": "must be {expected}",
}

SectionT = TypeVar("SectionT", bound=Section)


class Mistake(NamedTuple):
    location: Location
    message: str


class Schema(Generic[SectionT]):
    """What a section's dataclass says about the values that it takes."""

    def __init__(self, section: type[SectionT]) -> None:
        self._section = section
        self._adapter = TypeAdapter(section)

    def parse(self, value: object, folder: Path) -> tuple[SectionT | None, list[Mistake]]:
        """Return the section, or what is left of it without its wrong keys, and all mistakes.

        What is right in a wrong section goes on to the later checks, so that their findings do
        not wait for the next run. Relative paths are taken from `folder`.
        """
        section, mistakes = self._parse_all(value, folder)
        if not mistakes or not isinstance(value, dict):
            return section, mistakes
        for mistake in mistakes:
            value = _without(value, mistake.location)
        return self._parse_all(value, folder)[0], mistakes

    def _parse_all(self, value: object, folder: Path) -> tuple[SectionT | None, list[Mistake]]:
        try:
            return self._adapter.validate_python(value, context=folder), []
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
        return None, [self._mistake(detail) for detail in details]

    def _mistake(self, detail: ErrorDetails) -> Mistake:
        location = tuple(part for part in detail["loc"] if part != "[key]")
        context = detail.get("ctx", {})
        if detail["type"] == "unexpected_keyword_argument":
            section = _section_at(self._section, location[:-1])
            return Mistake(location, _unknown_key(str(location[-1]), section_keys(section)))
        if "error" in context:
            return Mistake(location, str(context["error"]))
        return Mistake(location, _SENTENCES[detail["type"]].format_map(context))


def _section_at(section: type[Section], location: Location) -> type[Section]:
    """Return the section that is found by following `location` down from another one."""
    for key in location:
        if isinstance(key, str):
            hint = get_type_hints(section)[key]
            section = next(kind for kind in (hint, *get_args(hint)) if _is_section(kind))
    return section


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _without(value: dict[str, object], location: Location) -> dict[str, object]:
    """Return a copy of a mapping that lacks what stands at `location`."""
    (key, *rest) = location
    copy = {name: item for name, item in value.items() if name != key}
    inner = value.get(str(key))
    if rest and isinstance(inner, dict):
        copy[str(key)] = _without(inner, tuple(rest))
    return copy


def _unknown_key(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    if close:
        return f'unknown key; did you mean "{close[0]}"?'
    return f"unknown key; the known ones are {', '.join(known)}"
