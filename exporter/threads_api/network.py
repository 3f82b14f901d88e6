from exporter.threads_api.deadline import DeadlineKeeper
from exporter.threads_api.resolver import Resolver


class Network:
    """What all calls of the process share: the keeper of their deadlines, and the resolver."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.deadlines = DeadlineKeeper()
        self.resolver = resolver or Resolver()

    @property
    def alive(self) -> bool:
        return self.deadlines.alive

    def close(self) -> None:
        """Cut the calls under way; those to come fail at once."""
        self.deadlines.close()
        self.resolver.close()
