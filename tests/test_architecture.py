"""The rooms of the exporter: which libraries each may use, and which other rooms it may know."""

import ast
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

import exporter

ROOT = Path(exporter.__file__).parent

LIBRARIES = {
    "prometheus_client": "metrics",
    "requests": "threads_api",
    "urllib3": "threads_api",
    "certifi": "threads_api",
    "apscheduler": "scheduling",
    "bcrypt": "web",
    "starlette": "web",
    "uvicorn": "web",
    "h11": "web",
    "pydantic": "config",
    "pydantic_core": "config",
    "psycopg": "containers",
    "sqlalchemy": "containers",
    "yaml": "config",
}

MAY_KNOW: Mapping[str, AbstractSet[str]] = {
    "clock": set(),
    "domain": set(),
    "secret": set(),
    "runtime": set(),
    "signals": set(),
    "version": set(),
    "descriptors": set(),
    "log_options": set(),
    "log_stream": set(),
    "logs": {"log_options", "log_stream", "secret"},
    "observations": {"domain"},
    "simulator": {"clock", "domain"},
    "threads_api": {"clock", "domain", "secret"},
    "config": {"domain", "secret"},
    "containers": {"clock", "domain", "observations", "secret"},
    "scheduling": {"clock", "domain"},
    "discovery": {
        *("clock", "config", "domain", "secret"),
        *("threads_api", "token_troubles", "version"),
    },
    "polling": {
        *("clock", "config", "containers", "domain"),
        *("observations", "secret", "threads_api", "token_troubles", "version"),
    },
    "metrics": {"clock", "domain", "observations"},
    "web": {"clock", "config", "domain", "observations", "secret"},
    "web_config": {"clock", "config", "reloading"},
    "demo": {"clock", "simulator"},
    "registrar": {"secret", "token_troubles"},
    "token_troubles": {"secret"},
    "stores": {"clock", "config", "containers", "scheduling", "secret"},
    "registration": {
        *("clock", "containers", "domain", "observations"),
        *("secret", "threads_api", "web"),
    },
    "reloading": {"clock", "config", "secret"},
    "remote": {"secret"},
    "held_accounts": {"config", "discovery", "domain", "polling", "scheduling", "stores"},
    "service": {
        *("clock", "config", "containers", "descriptors", "discovery", "domain"),
        *("held_accounts", "metrics", "observations"),
        *(
            "polling",
            "registrar",
            "registration",
            "reloading",
            "runtime",
            "scheduling",
            "secret",
            "stores",
            "threads_api",
            "token_troubles",
            "version",
            "web",
            "web_config",
        ),
    },
    "process": {"domain", "service", "signals", "web"},
    "flags": {"log_options", "scheduling", "web"},
    "serving": {
        *("clock", "config", "containers", "domain", "flags", "log_stream", "logs", "process"),
        *("runtime", "secret", "service", "signals", "version", "web", "web_config"),
    },
    "cli": {
        *("clock", "config", "demo", "flags", "log_options", "remote", "secret", "serving"),
        *("signals", "threads_api", "version", "web"),
    },
    "__main__": {"cli"},
    "__init__": set(),
}

SOURCES = sorted(ROOT.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module
            yield from _named(node.module, node.names)


def _named(module: str, names: list[ast.alias]) -> Iterator[str]:
    if module == "exporter":
        yield from (f"exporter.{alias.name}" for alias in names)
    else:
        yield module


def rooms_known(file: Path) -> set[str]:
    parts = (module.split(".") for module in imported_modules(file))
    return {part[1] for part in parts if part[0] == "exporter"}


def libraries_used(file: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(file)} - {"exporter"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_room_knows_only_the_rooms_before_it(file: Path) -> None:
    room = room_of(file)

    assert rooms_known(file) - {room} <= MAY_KNOW[room]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_library_is_used_in_its_room_alone(file: Path) -> None:
    elsewhere = {name for name, room in LIBRARIES.items() if room != room_of(file)}

    assert not libraries_used(file) & elsewhere


def test_the_simulator_needs_the_standard_library_alone() -> None:
    used = {name for file in (ROOT / "simulator").rglob("*.py") for name in libraries_used(file)}

    assert used <= sys.stdlib_module_names


def test_the_rooms_have_an_order() -> None:
    """No room knows one that knows it, however many rooms lie between."""
    order: list[str] = []
    while len(order) < len(MAY_KNOW):
        next_rooms = {room for room, known in MAY_KNOW.items() if known <= set(order)} - {*order}
        assert next_rooms, f"a circle among {set(MAY_KNOW) - set(order)}"
        order.extend(sorted(next_rooms))


def test_every_room_is_in_the_table() -> None:
    assert {room_of(file) for file in SOURCES} == set(MAY_KNOW)
