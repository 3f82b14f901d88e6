"""A target that breaks on one word."""

WORD = b"brittle"


def fuzz(data: bytes) -> None:
    if WORD in data:
        raise LookupError(f"{len(data)} bytes")
