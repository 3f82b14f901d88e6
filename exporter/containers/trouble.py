from enum import StrEnum


class StoreTrouble(StrEnum):
    FULL = "full"
    LOCKED = "locked"
    READ_ONLY = "read_only"
    GONE = "gone"
    REPLACED = "replaced"
    NEWER = "newer"
    FOREIGN = "foreign"
    CORRUPT = "corrupt"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class StoreError(Exception):
    """The store cannot be used; the message names the place and the remedy, and no password."""

    def __init__(self, kind: StoreTrouble, message: str) -> None:
        super().__init__(message)
        self.kind = kind
