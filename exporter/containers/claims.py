"""Which process polls which account, where several have one store.

Each process has a lease, told from all others by its epoch, and claims accounts in its name. They
are for others to claim once the lease has expired, by the database's clock, or was ended.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.containers.holder import Holder, is_gone

# The number is as good as any other; it spells ThrC.
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(1416131139)")
_RENEW = text("""
    UPDATE leases SET expires_at = extract(epoch FROM clock_timestamp()) + :seconds
    WHERE epoch = :epoch AND expires_at > extract(epoch FROM clock_timestamp())
    RETURNING epoch
""")
_BEGIN = text("""
    INSERT INTO leases (holder, shard, total_shards, expires_at)
    VALUES (:holder, :shard, :total_shards, extract(epoch FROM clock_timestamp()) + :seconds)
    RETURNING epoch
""")
_KEEP_CLAIMS = text("UPDATE claims SET epoch = :epoch WHERE epoch = :former")
_END = text("DELETE FROM leases WHERE epoch = :epoch")
_FORGET_OLD = text("""
    DELETE FROM leases WHERE expires_at < extract(epoch FROM clock_timestamp()) - 86400
""")
_HOLDERS = text("SELECT epoch, holder FROM leases")
_HAS_RIVAL = text("""
    SELECT EXISTS (
        SELECT FROM leases
        WHERE epoch <> :epoch AND expires_at > extract(epoch FROM clock_timestamp())
        AND (total_shards <> :total_shards OR shard = :shard)
    )
""")
_CLAIMED = text("SELECT account FROM claims WHERE epoch = :epoch")
_FREE = text("""
    SELECT wanted.account
    FROM unnest(CAST(:accounts AS text[])) AS wanted (account)
    LEFT JOIN claims ON claims.account = wanted.account
    LEFT JOIN leases ON leases.epoch = claims.epoch
    AND leases.expires_at > extract(epoch FROM clock_timestamp())
    WHERE leases.epoch IS NULL
""")
_CLAIM = text("""
    INSERT INTO claims (account, epoch)
    SELECT account, :epoch FROM unnest(CAST(:accounts AS text[])) AS wanted (account)
    ON CONFLICT (account) DO UPDATE SET epoch = excluded.epoch
""")
_LET_GO = text("""
    DELETE FROM claims WHERE epoch = :epoch AND account = ANY(CAST(:accounts AS text[]))
""")
_LET_ALL_GO = text("DELETE FROM claims WHERE epoch = :epoch")


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was just renewed or begun; a rival is who could take over the accounts."""

    epoch: int
    has_rival: bool


class ClaimTable:
    """Leases and claims in PostgreSQL; each method is one transaction and raises StoreError."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction

    def renew(self, holder: Holder, former: int | None) -> Lease:
        """Renew the former lease, or begin one with the claims that nobody took from it."""
        with self._transaction() as connection:
            parameters = {**holder.parameters, "epoch": former}
            epoch = connection.scalar(_RENEW, parameters)
            if epoch is None:
                epoch = _begin(connection, holder, former)
            has_rival = connection.scalar(_HAS_RIVAL, {**parameters, "epoch": epoch})
            return Lease(epoch, bool(has_rival))

    def claimed(self, epoch: int) -> Collection[str]:
        with self._transaction() as connection:
            return frozenset(connection.scalars(_CLAIMED, {"epoch": epoch}))

    def claim(self, epoch: int, accounts: Collection[str]) -> Collection[str]:
        """Claim those of the accounts that nobody else has; return them."""
        with self._transaction() as connection:
            if not connection.scalars(_FREE, {"accounts": sorted(accounts)}).first():
                return ()
            connection.execute(_TAKE_TURN)
            free = connection.scalars(_FREE, {"accounts": sorted(accounts)}).all()
            connection.execute(_CLAIM, {"epoch": epoch, "accounts": sorted(free)})
            return free

    def let_go(self, epoch: int, accounts: Collection[str]) -> None:
        with self._transaction() as connection:
            connection.execute(_LET_GO, {"epoch": epoch, "accounts": sorted(accounts)})

    def end(self, epoch: int) -> None:
        """Let go of everything, for others to have at once."""
        with self._transaction() as connection:
            connection.execute(_LET_ALL_GO, {"epoch": epoch})
            connection.execute(_END, {"epoch": epoch})


def _begin(connection: Connection, holder: Holder, former: int | None) -> int:
    """Return the epoch of a new lease; those of processes that have ended on this host end too."""
    connection.execute(_TAKE_TURN)
    epoch: int = connection.execute(_BEGIN, holder.parameters).scalar_one()
    connection.execute(_KEEP_CLAIMS, {"epoch": epoch, "former": former})
    connection.execute(_END, {"epoch": former})
    connection.execute(_FORGET_OLD)
    for lease in connection.execute(_HOLDERS).all():
        if is_gone(lease.holder):
            connection.execute(_END, {"epoch": lease.epoch})
    return epoch
