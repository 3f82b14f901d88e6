from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_

from exporter.metrics.gzip_member import Deflated, deflate

BLOCKS = 128
"""How many blocks are compressed together.

Compressing lets other threads run, and waits for them after that: a thousand times would take a
scrape a second beside a reload.
"""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What was compressed, and what it became."""

    texts: Sequence[bytes]
    deflated: Deflated


class PackedColumn:
    """The texts of a column's blocks compressed, and kept for as long as they are the same."""

    def __init__(self) -> None:
        self._pieces: Sequence[_Piece] = ()

    def deflated(self, texts: Sequence[bytes]) -> Sequence[Deflated]:
        before = self._pieces
        pieces = [
            _piece(texts[first : first + BLOCKS], before[number : number + 1])
            for number, first in enumerate(range(0, len(texts), BLOCKS))
        ]
        self._pieces = pieces
        return [piece.deflated for piece in pieces]


def _piece(texts: Sequence[bytes], before: Sequence[_Piece]) -> _Piece:
    for piece in before:
        if len(piece.texts) == len(texts) and all(map(is_, piece.texts, texts)):
            return piece
    return _Piece(texts, deflate(b"".join(texts)))
