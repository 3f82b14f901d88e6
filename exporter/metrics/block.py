from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from exporter.metrics.gzip_member import Deflated, deflate

ACCOUNTS = 128
"""How many accounts share a block: more make better compression, fewer make cheaper changes."""


class Block:
    """The lines of one metric for a few accounts, each at its place, kept as one text."""

    __slots__ = ("_deflated", "_lengths", "text")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.text = b"".join(lines)
        self._lengths = array("I", map(len, lines))
        self._deflated: Deflated | None = None

    def split(self) -> Iterator[bytes]:
        """Yield the lines of each account."""
        for start, end in pairwise(accumulate(self._lengths, initial=0)):
            yield self.text[start:end]

    def lines(self, place: int) -> bytes:
        start = sum(self._lengths[:place])
        return self.text[start : start + self._lengths[place]]

    def replace(self, place: int, lines: bytes) -> None:
        start = sum(self._lengths[:place])
        end = start + self._lengths[place]
        if self.text[start:end] != lines:
            self.text = b"".join((self.text[:start], lines, self.text[end:]))
            self._lengths[place] = len(lines)

    def deflated(self, text: bytes) -> Deflated:
        """Return `text`, which is or was the block's, compressed; kept while it is the block's."""
        kept = self._deflated
        if kept is None or kept.text is not text:
            kept = self._deflated = deflate(text)
        return kept
