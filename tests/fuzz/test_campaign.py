import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.campaign import CAMPAIGNS, Campaign, FuzzerError, fuzzed

pytest.importorskip("atheris", reason="has no wheel for this Python or machine")


@pytest.fixture
def brittle(tmp_path: Path) -> Campaign:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "unlike").write_bytes(b"unbroken and long enough to hide a word in")
    dictionary = tmp_path / "words.dict"
    dictionary.write_text('"brittle"\n')
    return Campaign("tests.fuzz.brittle_fuzzer", corpus, dictionary)


def test_the_answer_parser_bears_five_seconds(tmp_path: Path) -> None:
    outcome = fuzzed(CAMPAIGNS["answer"], 5, tmp_path)

    assert outcome.findings == ()
    assert outcome.runs > len(list(CAMPAIGNS["answer"].corpus.iterdir()))
    assert any((tmp_path / "corpus").iterdir())


def test_what_breaks_a_target_is_found_and_made_small(brittle: Campaign, tmp_path: Path) -> None:
    (finding,) = fuzzed(brittle, 60, tmp_path / "into").findings

    assert finding.content == b"brittle"
    assert finding.file.read_bytes() == b"brittle"
    assert finding.why.startswith("LookupError at ")
    assert finding.why.endswith(": 7 bytes")
    assert finding.shown == "b'brittle'"


def test_a_fuzzer_that_does_not_run_is_no_success(brittle: Campaign, tmp_path: Path) -> None:
    missing = Campaign("tests.fuzz.no_such_fuzzer", brittle.corpus, brittle.dictionary)

    with pytest.raises(FuzzerError, match=r"No module named 'tests\.fuzz\.no_such_fuzzer'"):
        fuzzed(missing, 1, tmp_path / "into")


def test_the_command_line_names_what_was_tried(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "--seconds=1", f"--into={tmp_path}", "headers"],
        capture_output=True,
        check=True,
        text=True,
    )

    assert done.stdout.startswith("headers: ")
    assert done.stdout.endswith(" inputs in 1 s, 0 finding(s)\n")
