"""Collects every mistake of a load, so that one run shows them all."""

from collections.abc import Callable
from pathlib import Path

from exporter.config.document import Document, DocumentError
from exporter.config.problems import ConfigError, Location, Problem, format_location
from exporter.config.schema import Schema, SectionT


class Report:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def error(self) -> ConfigError:
        """Return the error that tells every mistake, file by file and from top to bottom."""
        files = list(dict.fromkeys(problem.file for problem in self.problems))
        order = {file: index for index, file in enumerate(files)}
        return ConfigError(
            sorted(self.problems, key=lambda problem: (order[problem.file], problem.line or 0))
        )

    def add(self, document: Document, location: Location, message: str) -> None:
        line = document.line(location)
        self.problems.append(Problem(document.file, line, format_location(location), message))

    def read(self, reader: Callable[[Path], Document], file: Path) -> Document | None:
        """Return the parsed file, or None if it cannot be parsed."""
        try:
            document = reader(file)
        except DocumentError as error:
            self._add_error(file, error)
            return None
        for flaw in document.flaws:
            self._add_error(file, flaw)
        return document

    def validate(
        self, schema: Schema[SectionT], document: Document, location: Location, value: object
    ) -> SectionT | None:
        """Return what the schema makes of a value that stands at `location`."""
        section, mistakes = schema.parse(value, document.folder)
        for mistake in mistakes:
            self.add(document, (*location, *mistake.location), mistake.message)
        return section

    def _add_error(self, file: Path, error: DocumentError) -> None:
        path = format_location(error.location)
        self.problems.append(Problem(file, error.line, path, str(error)))
