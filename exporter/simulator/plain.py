"""Any number of plain users with predictable names, for benchmarks and tests of scale."""

from pathlib import Path

from exporter.simulator.state import FIRST_USER_ID
from exporter.simulator.world import World

_ACCOUNTS_PER_FILE = 1000


def add_plain_users(world: World, count: int) -> None:
    """Add users `account-000000` and on, whose tokens are `sim-token-000000` and on."""
    for number in range(count):
        world.add_user(
            f"account-{number:06d}", token=f"sim-token-{number:06d}", user_id=_user_id(number)
        )


def write_account_files(directory: Path, count: int) -> None:
    """Write these users as account files of a thousand each, with their tokens inline."""
    directory.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, _ACCOUNTS_PER_FILE):
        numbers = range(first, min(first + _ACCOUNTS_PER_FILE, count))
        content = "".join(_entry(number) for number in numbers)
        (directory / f"accounts-{first:06d}.yaml").write_text(content, encoding="ascii")


def _user_id(number: int) -> str:
    return str(FIRST_USER_ID + number)


def _entry(number: int) -> str:
    return (
        f"- name: account-{number:06d}\n"
        f'  user_id: "{_user_id(number)}"\n'
        f"  access_token: sim-token-{number:06d}\n"
    )
