"""What the fuzzer begins with breaks no target; what it once found is put there, too."""

import re
from pathlib import Path

import pytest

from fuzz.campaign import CAMPAIGNS
from fuzz.config_files import CANARY
from fuzz.minimising import Target

_ENTRY = re.compile(r'"(\\x[0-9a-f]{2}|\\\\|\\"|[^"\\])+"')


SEEDS = [
    pytest.param(campaign.target, file, id=f"{name}-{file.name}")
    for name, campaign in CAMPAIGNS.items()
    for file in sorted(campaign.corpus.iterdir())
]


@pytest.mark.parametrize(("target", "file"), SEEDS)
def test_an_input_to_begin_with_breaks_nothing(target: Target, file: Path) -> None:
    target(file.read_bytes())


def test_there_is_a_target_for_each_door() -> None:
    assert {*CAMPAIGNS} == {"answer", "config", "headers", "submission", "web_config"}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_dictionaries_are_as_libfuzzer_reads_them(name: str) -> None:
    first, *entries = CAMPAIGNS[name].dictionary.read_text("ascii").splitlines()

    assert first.startswith("# ")
    assert [entry for entry in entries if not _ENTRY.fullmatch(entry)] == []


@pytest.mark.parametrize("name", ["config", "web_config"])
def test_configurations_hold_what_no_message_may(name: str) -> None:
    with_canary = [
        file for file in CAMPAIGNS[name].corpus.iterdir() if CANARY in file.read_text("latin-1")
    ]

    assert len(with_canary) >= 3
