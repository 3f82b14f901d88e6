"""One gzip member made of parts that were compressed each on its own.

A full flush ends each part on a byte boundary and without reference to what came before, so that
parts stay valid beside any others (RFC 1951). A gzip of several members would be simpler, but curl
and httpx read its first member alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import pack

from isal import isal_zlib

LEVEL = 1
_RAW_DEFLATE = -isal_zlib.MAX_WBITS
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK = b"\x03\x00"


@dataclass(frozen=True, slots=True)
class Deflated:
    """A text compressed as part of a gzip member; `crc` and `size` are of the text."""

    data: bytes
    crc: int
    size: int


def deflate(text: bytes) -> Deflated:
    compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    data = compressor.compress(text) + compressor.flush(isal_zlib.Z_FULL_FLUSH)
    return Deflated(data, isal_zlib.crc32(text), len(text))


def gzip_member(parts: Iterable[Deflated]) -> Iterator[bytes]:
    """Yield the pieces of the member whose text is that of the parts, one after another."""
    crc = size = 0
    yield _HEADER
    for part in parts:
        yield part.data
        crc = isal_zlib.crc32_combine(crc, part.crc, part.size)
        size += part.size
    yield _LAST_BLOCK + pack("<II", crc, size & 0xFFFFFFFF)
