from pathlib import Path

from exporter.config.loading import load_settings
from exporter.simulator import World
from exporter.simulator.plain import add_plain_users, write_account_files


def test_plain_users_are_predictable(world: World) -> None:
    add_plain_users(world, 124)

    user = world.users["17841400000000124"]
    assert (user.name, user.token.value) == ("account-000123", "sim-token-000123")
    assert len(world.users) == 124


def test_their_account_files_are_ones_the_exporter_takes(world: World, tmp_path: Path) -> None:
    add_plain_users(world, 1001)
    write_account_files(tmp_path / "accounts.d", 1001)
    config = tmp_path / "config.yaml"
    config.write_text("account_files: [accounts.d/*.yaml]\n", encoding="ascii")

    settings = load_settings(config)

    assert sorted(path.name for path in (tmp_path / "accounts.d").iterdir()) == [
        "accounts-000000.yaml",
        "accounts-001000.yaml",
    ]
    assert {(a.name, a.user_id, a.token.read().reveal()) for a in settings.accounts} == {
        (user.name, user.user_id, user.token.value) for user in world.users.values()
    }
