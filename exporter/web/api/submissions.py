"""What clients post, from JSON to values."""

from dataclasses import dataclass

from exporter.web.api.backend import ContainerConflictError, NewContainer
from exporter.web.api.node import Node
from exporter.web.api.values import MOST_CONTAINERS, account_in, container_id_in, error_in


@dataclass(frozen=True, slots=True)
class Submission:
    """The containers that one request registers."""

    containers: tuple[NewContainer, ...]
    is_batch: bool

    def path_of_account(self, account: str) -> str:
        """Return the place of the first container of the account."""
        return self._path([container.account for container in self.containers].index(account))

    def path_of_container(self, container_id: str) -> str:
        """Return the first place of the container."""
        ids = [container.container_id for container in self.containers]
        return self._path(ids.index(container_id))

    def _path(self, index: int) -> str:
        return f"$.containers[{index}]" if self.is_batch else "$"


@dataclass(frozen=True, slots=True)
class ErrorReport:
    account: str
    error: str


def read_submission(body: Node) -> Submission:
    """Read one container or a batch; raises RefusedError."""
    if not body.has("containers"):
        return Submission((_container(body),), is_batch=False)
    items = body.members(("containers",))["containers"].items(MOST_CONTAINERS)
    return Submission(tuple(map(_container, items)), is_batch=True)


def _container(node: Node) -> NewContainer:
    members = node.members(("account", "container_id"))
    return NewContainer(account_in(members["account"]), container_id_in(members["container_id"]))


def read_report(body: Node) -> ErrorReport:
    """Read what a publisher got from Meta; raises RefusedError."""
    members = body.members(("account", "error"))
    return ErrorReport(account_in(members["account"]), error_in(members["error"]))


def distinct(submission: Submission) -> tuple[NewContainer, ...]:
    """Return each container once; raises ContainerConflictError if one has two accounts."""
    accounts: dict[str, str] = {}
    for container in submission.containers:
        if accounts.setdefault(container.container_id, container.account) != container.account:
            raise ContainerConflictError(container.container_id)
    return tuple(dict.fromkeys(submission.containers))
