"""What is no mistake, and still not what most operators would want."""

from collections.abc import Iterator
from itertools import chain

from exporter.config.settings import Settings

_DAY = 86_400


def cautions(settings: Settings) -> Iterator[str]:
    polling = settings.polling
    calls = round(_DAY / polling.quota.interval + _DAY / polling.token.interval)
    if calls > polling.call_budget:
        yield (
            f"the quota and token polls need {calls} calls a day and account, "
            f"polling.call_budget allows {polling.call_budget}: poll less often or raise it"
        )
    containers = {entry.container_id for entry in settings.container_entries}
    containers.update(chain.from_iterable(account.containers for account in settings.accounts))
    if len(containers) > settings.containers.max_tracked:
        yield (
            f"{len(containers)} containers are configured, "
            f"containers.max_tracked allows {settings.containers.max_tracked}: raise it"
        )
    if not settings.names and not settings.account_http_sd:
        yield "no account is configured: add one under accounts or account_files"
