"""Every rule, in the order of the file."""

from alerts import containers, exporter_health, polling, quotas, recording, shards, tokens
from alerts.rule import Alert, Group, Recording

GROUPS: tuple[Group, ...] = (
    recording.GROUP,
    quotas.GROUP,
    tokens.GROUP,
    containers.GROUP,
    polling.GROUP,
    exporter_health.GROUP,
    shards.GROUP,
)
ALERTS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, Alert))
RECORDINGS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, Recording))
