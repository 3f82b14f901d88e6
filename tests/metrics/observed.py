"""Any observation that an exporter might come to hold."""

from hypothesis import strategies as st

from exporter.domain import (
    AccountIdentity,
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerStatus,
    FailureReason,
    KnownError,
    Poll,
    Quota,
    QuotaKind,
    TokenInvalidReason,
    UsageResource,
)
from exporter.metrics.scopes import KNOWN_SCOPES
from exporter.observations.model import (
    AccountObservation,
    ContainerSummary,
    PollRecord,
    QuotaReading,
    TokenReading,
    UsageReading,
)

texts = st.text(st.characters(), max_size=12) | st.sampled_from(["long " * 40, "\ud800" * 140])
label_names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"account", "user_id"}
)
counts = st.integers(0, 2**53)
times = st.none() | st.integers(-1, 2**40)
instants = st.none() | st.floats(0, 2**40)

identities = st.builds(
    AccountIdentity, texts, texts, texts, st.dictionaries(label_names, texts, max_size=2)
)
quotas = st.builds(Quota, counts, st.none() | counts, st.none() | counts)
readings = st.builds(
    QuotaReading, st.dictionaries(st.sampled_from(QuotaKind), quotas), st.floats(0, 2000)
)
tokens = st.builds(
    TokenReading,
    valid=st.none() | st.booleans(),
    invalid_reason=st.none() | st.sampled_from(TokenInvalidReason),
    expires_at=times,
    data_access_expires_at=times,
    issued_at=times,
    scopes=st.none() | st.frozensets(st.sampled_from(sorted(KNOWN_SCOPES)) | texts, max_size=4),
)
polls = st.builds(
    PollRecord,
    succeeded=st.booleans(),
    total=counts,
    failures=st.dictionaries(st.sampled_from(FailureReason), counts, max_size=3),
    last_success_at=instants,
)
known_errors = st.builds(KnownError, texts, texts, texts, texts)
containers = st.builds(
    ContainerSummary,
    by_status=st.dictionaries(st.sampled_from(ContainerStatus), counts, max_size=3),
    outcomes=st.dictionaries(st.sampled_from(ContainerOutcome), counts, max_size=3),
    errors=st.dictionaries(st.sampled_from(ContainerErrorMessage), counts, max_size=3),
    oldest_unfinished_at=instants,
    statuses=st.dictionaries(texts, st.sampled_from(ContainerStatus), max_size=3),
)
usage_readings = st.builds(
    UsageReading,
    st.dictionaries(st.sampled_from(UsageResource), st.floats(0, 1)),
    st.floats(0, 2000),
)
observations = st.builds(
    AccountObservation,
    identity=identities,
    quota_reading=st.none() | readings,
    refused_quotas=st.dictionaries(
        st.sampled_from(QuotaKind),
        st.sampled_from([FailureReason.PERMISSION, FailureReason.UNSUPPORTED]),
    ),
    token=tokens,
    polls=st.dictionaries(st.sampled_from(Poll), polls),
    errors=st.dictionaries(known_errors, counts, max_size=2),
    reported_errors=st.dictionaries(known_errors, counts, max_size=2),
    usage_reading=st.none() | usage_readings,
    containers=containers,
    paused_until=instants,
)
