from collections.abc import Iterator

from exporter.threads_api.deadline import DeadlineKeeper
from exporter.threads_api.resolver import Resolver


class Network:
    """What all calls of the process share: the keeper of their deadlines, and the resolver."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.deadlines = DeadlineKeeper()
        self.resolver = resolver or Resolver()

    def dead_threads(self) -> Iterator[str]:
        """Yield the names of the threads that died."""
        for thread in (self.deadlines.thread, *self.resolver.threads):
            if not thread.is_alive():
                yield thread.name

    def close(self) -> None:
        """Cut the calls under way; those to come fail at once."""
        self.deadlines.close()
        self.resolver.close()
