"""What is no mistake, and still not what most operators would want."""

from collections.abc import Iterator

from exporter.config.settings import ContainerApiSettings, Settings, StoreSettings

_DAY = 86_400


def cautions(settings: Settings) -> Iterator[str]:
    polling = settings.polling
    calls = round(_DAY / polling.quota.interval + _DAY / polling.token.interval)
    if calls > polling.call_budget:
        yield (
            f"the quota and token polls need {calls} calls a day and account, "
            f"polling.call_budget allows {polling.call_budget}: poll less often or raise it"
        )
    containers = len(settings.container_entries)
    containers += sum(len(account.containers) for account in settings.accounts)
    if containers > settings.containers.max_tracked:
        yield (
            f"{containers} containers are configured, "
            f"containers.max_tracked allows {settings.containers.max_tracked}: raise it"
        )
    for key in _unserved(settings):
        yield f"{key}: this version does not serve it yet, so it has no effect"
    if not settings.accounts and not settings.account_http_sd:
        yield "no account is configured: add one under accounts or account_files"


def _unserved(settings: Settings) -> Iterator[str]:
    if settings.account_http_sd:
        yield "account_http_sd"
    if settings.container_api != ContainerApiSettings():
        yield "container_api"
    if settings.containers.per_container_metrics:
        yield "containers.per_container_metrics"
    if settings.store != StoreSettings():
        yield "store"
