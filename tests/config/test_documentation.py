"""docs/configuration.md says what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.config.entries import AccountEntry, ConfigFile
from exporter.config.section import Section, section_keys
from exporter.config.settings import (
    AccountHttpSd,
    ApiSettings,
    ContainerApiSettings,
    ContainerPollSettings,
    ContainerSettings,
    PollingSettings,
    QuotaPollSettings,
    StoreSettings,
    TokenPollSettings,
)
from tests.config.conftest import Problems

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
NESTED = {
    "quota": QuotaPollSettings,
    "token": TokenPollSettings,
    "containers": ContainerPollSettings,
}


def _polling_keys() -> Iterator[str]:
    for key in section_keys(PollingSettings):
        if key in NESTED:
            yield from (f"{key}.{inner}" for inner in section_keys(NESTED[key]))
        else:
            yield key


def _documented_keys(heading: str) -> list[str]:
    _, _, rest = PAGE.partition(f"\n## {heading}\n")
    table, _, _ = rest.partition("\n## ")
    return re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("Top level", ConfigFile),
        ("accounts", AccountEntry),
        ("api", ApiSettings),
        ("containers", ContainerSettings),
        ("container_api", ContainerApiSettings),
        ("store", StoreSettings),
        ("account_http_sd", AccountHttpSd),
    ],
)
def test_every_key_has_its_row(heading: str, section: type[Section]) -> None:
    assert sorted(_documented_keys(heading)) == sorted(section_keys(section))


def test_every_key_of_polling_has_its_row() -> None:
    assert sorted(_documented_keys("polling")) == sorted(_polling_keys())


def test_the_error_messages_are_real(problems: Problems) -> None:
    example = re.search(
        r"runs this example -->\n```yaml\n(.*?)```\n\ngives:\n\n```\n(.*?)```", PAGE, re.DOTALL
    )
    assert example is not None
    content, output = example.groups()
    found = "\n".join(problems(content))
    assert found.replace(str(Path.cwd()), "/etc/threads-exporter") == output.rstrip()
