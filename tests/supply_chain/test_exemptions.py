from datetime import date
from pathlib import Path

import pytest

from supply_chain.exemptions import EXEMPTIONS, Exemption, ExemptionError, read_exemptions

WHOLE = 'id = "CVE-2026-1"\nreason = "not reached"\nuntil = 2026-12-31\n'


def written(folder: Path, *entries: str) -> Path:
    file = folder / "exemptions.toml"
    file.write_text("".join(f"[[exemption]]\n{entry}" for entry in entries), "utf-8")
    return file


def test_those_of_this_repository_can_be_read() -> None:
    read_exemptions(EXEMPTIONS)


def test_an_entry_is_read(tmp_path: Path) -> None:
    (found,) = read_exemptions(written(tmp_path, WHOLE))
    assert found == Exemption("CVE-2026-1", "not reached", date(2026, 12, 31))


def test_an_exemption_is_over_after_its_last_day() -> None:
    exemption = Exemption("CVE-2026-1", "not reached", date(2026, 12, 31))
    assert not exemption.is_over(date(2026, 12, 31))
    assert exemption.is_over(date(2027, 1, 1))


@pytest.mark.parametrize(
    "entry",
    [
        'reason = "not reached"\nuntil = 2026-12-31\n',
        'id = "CVE-2026-1"\nuntil = 2026-12-31\n',
        'id = "CVE-2026-1"\nreason = "not reached"\n',
        'id = "CVE-2026-1"\nreason = ""\nuntil = 2026-12-31\n',
        'id = "CVE-2026-1"\nreason = "not reached"\nuntil = "later"\n',
        'id = "CVE-2026-1"\nreason = "not reached"\nuntil = 2026-12-31T00:00:00\n',
        f"{WHOLE}who = 'me'\n",
    ],
)
def test_an_entry_without_reason_or_end_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ExemptionError, match="exemption 2 needs an id, a reason and a date until"):
        read_exemptions(written(tmp_path, WHOLE, entry))


@pytest.mark.parametrize("name", ["exemptions.toml", "missing.toml"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    written(tmp_path, "id = \n")
    with pytest.raises(ExemptionError, match=name):
        read_exemptions(tmp_path / name)
