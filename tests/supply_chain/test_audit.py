from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from supply_chain.__main__ import main
from tests.ports import free_port
from tests.supply_chain.osv_server import NOTHING, osv_server

BAD = "urllib3==2.2.1\n"
SOUND = "urllib3==2.6.3\n"
TODAY = datetime.now(UTC).date()


def audit(folder: Path, requirements: str, *arguments: str) -> Result:
    file = folder / "requirements.txt"
    file.write_text(requirements, "utf-8")
    return CliRunner().invoke(main, [*arguments, str(file)])


def exempting(folder: Path, identifier: str, days: int) -> str:
    file = folder / "exemptions.toml"
    file.write_text(
        f'[[exemption]]\nid = "{identifier}"\nreason = "no proxy is used"\n'
        f"until = {TODAY + timedelta(days)}\n",
        "utf-8",
    )
    return f"--exemptions={file}"


def test_a_known_vulnerability_fails_and_is_named_with_its_remedy(tmp_path: Path) -> None:
    with osv_server() as service:
        result = audit(tmp_path, BAD, f"--service={service}")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: known vulnerabilities:\n"
        "  urllib3 2.2.1: CVE-2024-37891, GHSA-34jh-p97f-mpxf: fixed in 2.2.2\n"
    )


def test_packages_without_a_known_vulnerability_pass(tmp_path: Path) -> None:
    with osv_server() as service:
        result = audit(tmp_path, SOUND, f"--service={service}")
    assert (result.exit_code, result.output) == (0, "no known vulnerability\n")


@pytest.mark.parametrize("days", [0, 30])
def test_an_exemption_lets_pass_until_its_last_day(tmp_path: Path, days: int) -> None:
    exempted = exempting(tmp_path, "CVE-2024-37891", days)
    with osv_server() as service:
        result = audit(tmp_path, BAD, f"--service={service}", exempted)
    assert result.exit_code == 0
    assert result.output.startswith("let pass: urllib3 2.2.1: ")


def test_an_exemption_of_another_vulnerability_lets_nothing_pass(tmp_path: Path) -> None:
    exempted = exempting(tmp_path, "CVE-2024-00000", 30)
    with osv_server() as service:
        assert audit(tmp_path, BAD, f"--service={service}", exempted).exit_code == 1


def test_an_overdue_exemption_fails_whatever_the_service_says(tmp_path: Path) -> None:
    result = audit(tmp_path, SOUND, exempting(tmp_path, "CVE-2024-37891", -1))
    assert result.exit_code == 1
    assert "over, mend or renew: CVE-2024-37891 since" in result.stderr


def test_without_the_service_it_says_so_and_goes_on(tmp_path: Path) -> None:
    service = f"http://127.0.0.1:{free_port()}/v1/query"
    result = audit(tmp_path, BAD, f"--service={service}")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"NOT RUN: no audit of the packages, as {service} cannot")


def test_without_the_service_strict_fails(tmp_path: Path) -> None:
    service = f"http://127.0.0.1:{free_port()}/v1/query"
    assert audit(tmp_path, SOUND, "--strict", f"--service={service}").exit_code == 1


def test_a_service_that_knows_of_nothing_is_not_believed(tmp_path: Path) -> None:
    with osv_server(NOTHING) as service:
        result = audit(tmp_path, SOUND, f"--service={service}")
    assert "NOT RUN" in result.stderr
    assert "it knows of nothing against urllib3==2.2.0" in result.stderr


def test_packages_that_are_not_pinned_fail(tmp_path: Path) -> None:
    with osv_server() as service:
        result = audit(tmp_path, "urllib3>=2\n", f"--service={service}")
    assert result.exit_code == 1
    assert "the packages could not be audited" in result.stderr
