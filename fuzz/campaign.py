"""One target fuzzed for a while, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from fuzz.minimising import Target, broken_by, minimised

HERE: Final = Path(__file__).parent
LONGEST: Final = 8192
SLOWEST_SECONDS: Final = 20
"""An input that takes a target longer is a finding."""

_RUNS = re.compile(r"number_of_executed_units: (\d+)")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A module whose `fuzz` is to bear any input, inputs to begin with, and words to put in."""

    module: str
    corpus: Path
    dictionary: Path

    @property
    def target(self) -> Target:
        target: Target = import_module(self.module).fuzz
        return target


def _campaign(name: str) -> Campaign:
    corpus, dictionary = HERE / "corpus" / name, HERE / "dictionaries" / f"{name}.dict"
    return Campaign(f"fuzz.{name}_fuzzer", corpus, dictionary)


CAMPAIGNS: Final[Mapping[str, Campaign]] = {
    name: _campaign(name)
    for name in sorted(file.stem.removesuffix("_fuzzer") for file in HERE.glob("*_fuzzer.py"))
}


class FuzzerError(Exception):
    """The fuzzer did not run; the message is what it wrote last."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that breaks a target, as small as it could be made, and what that leads to."""

    file: Path
    content: bytes
    why: str

    @property
    def shown(self) -> str:
        return ascii(self.content[:200])


@dataclass(frozen=True, slots=True)
class Outcome:
    runs: int
    findings: tuple[Finding, ...]


def fuzzed(campaign: Campaign, seconds: int, into: Path) -> Outcome:
    """Fuzz; inputs that reach new code are kept below `into`, for the next time."""
    grown, found = into / "corpus", into / "found"
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    written = _run(campaign, seconds, grown.absolute(), found.absolute())
    files = sorted(set(found.iterdir()) - before)
    runs = _RUNS.search(written)
    if runs is None and not files:
        raise FuzzerError(written[-2000:])
    findings = tuple(_finding(campaign.target, file) for file in files)
    return Outcome(int(runs[1]) if runs else 0, findings)


def _run(campaign: Campaign, seconds: int, grown: Path, found: Path) -> str:
    """Return what the fuzzer writes."""
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": SLOWEST_SECONDS,
        "dict": campaign.dictionary,
        "artifact_prefix": f"{found}/",
        "print_final_stats": 1,
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz.target", campaign.module),
            *(f"-{option}={value}" for option, value in options.items()),
            *(str(grown), str(campaign.corpus)),
        ],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def _finding(target: Target, file: Path) -> Finding:
    """Return the finding; its file then holds the smallest input that has the same outcome."""
    content = file.read_bytes()
    if not file.name.startswith("crash-"):
        why = f"takes more than {SLOWEST_SECONDS} s, or too much memory"
        return Finding(file, content, why)
    smallest = minimised(target, content)
    file.write_bytes(smallest)
    return Finding(file, smallest, str(broken_by(target, smallest)))
