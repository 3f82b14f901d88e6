from exporter.domain import StoreTrouble


class StoreError(Exception):
    """The store cannot be used; the message names the place and the remedy, and no password."""

    def __init__(self, kind: StoreTrouble, message: str) -> None:
        super().__init__(message)
        self.kind = kind
