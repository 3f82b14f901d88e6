"""The write side, as far as a publisher in a demo needs it."""

from exporter.domain import QuotaKind
from exporter.simulator.graph import NOT_PROPAGATED, QUOTA_EXHAUSTED, RefusedError
from exporter.simulator.state import State
from exporter.simulator.users import User


def create_container(user: User) -> dict[str, object]:
    return {"id": user.add_container().container_id}


def publish_container(state: State, user: User, creation_id: str) -> dict[str, object]:
    container = state.containers.get(creation_id)
    if container is None or container.user_id != user.user_id:
        raise RefusedError(NOT_PROPAGATED)
    if container.life.at(state.seconds() - container.created).status != "FINISHED":
        raise RefusedError(NOT_PROPAGATED)
    if user.left(QuotaKind.PUBLISH) == 0:
        raise RefusedError(QUOTA_EXHAUSTED)
    return {"id": user.publish_container(creation_id)}
