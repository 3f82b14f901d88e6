from exporter.domain import (
    AccountIdentity,
    ContainerStatus,
    FailureReason,
    Poll,
    Quota,
    QuotaKind,
)
from exporter.observations.model import (
    AccountObservation,
    ContainerSummary,
    PollRecord,
    QuotaReading,
    TokenReading,
)
from tests.web.api.stand_in import NOW

UNSEEN = AccountObservation(AccountIdentity("acme", "me", "", {}))
SEEN = AccountObservation(
    AccountIdentity("acme", "17841400000000000", "", {}),
    quota_reading=QuotaReading({QuotaKind.PUBLISH: Quota(250, 250, 86400)}, 0.0),
    refused_quotas={QuotaKind.REPLY: FailureReason.PERMISSION},
    token=TokenReading(
        valid=True,
        expires_at=int(NOW) + 86400,
        data_access_expires_at=2**53,
        issued_at=int(NOW) - 86400,
    ),
    polls={Poll.QUOTA: PollRecord(succeeded=False, last_success_at=NOW)},
    last_failures={Poll.QUOTA: FailureReason.TIMEOUT},
    containers=ContainerSummary({ContainerStatus.IN_PROGRESS: 2}),
    paused_until=NOW + 60,
)
