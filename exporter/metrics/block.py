from array import array
from collections.abc import Sequence

ACCOUNTS = 128
"""How many accounts share a block: more make better compression, fewer make cheaper changes."""


class Block:
    """The lines of one metric for a few accounts, each at its place, kept as one text."""

    __slots__ = ("_lengths", "text")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.text = b"".join(lines)
        self._lengths = array("I", map(len, lines))

    def lines(self, place: int) -> bytes:
        start = sum(self._lengths[:place])
        return self.text[start : start + self._lengths[place]]

    def replace(self, place: int, lines: bytes) -> None:
        start = sum(self._lengths[:place])
        end = start + self._lengths[place]
        if self.text[start:end] != lines:
            self.text = b"".join((self.text[:start], lines, self.text[end:]))
            self._lengths[place] = len(lines)
