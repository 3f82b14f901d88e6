from exporter.config.settings import AccountSettings, Settings
from exporter.secret import InlineSecret, Secret


def account(name: str, token: str, **labels: str) -> AccountSettings:
    return AccountSettings(name, InlineSecret(Secret(token)), labels=labels)


def test_an_account_that_is_the_same_after_a_reload_is_not_held_twice() -> None:
    former = Settings(accounts=(account("acme", "1", team="x"), account("globex", "2")))
    read = Settings(
        accounts=(account("globex", "3"), account("new", "4"), account("acme", "1", team="x"))
    )

    settings = read.following(former)

    assert settings == read
    assert settings.accounts[2] is former.accounts[0]
    assert settings.accounts[:2] == read.accounts[:2]
