import gzip

from exporter.metrics.gzip_member import gzip_member
from exporter.metrics.packed_column import BLOCKS, PackedColumn

TEXTS = [f"block {number}\n".encode() * 50 for number in range(2 * BLOCKS + 1)]


def test_ten_thousand_accounts_are_compressed_in_few_pieces() -> None:
    pieces = PackedColumn().deflated(TEXTS)

    assert len(pieces) == 3
    assert gzip.decompress(b"".join(gzip_member(pieces))) == b"".join(TEXTS)


def test_a_piece_is_kept_while_each_of_its_texts_is_the_same() -> None:
    column = PackedColumn()
    before = column.deflated(TEXTS)
    changed = [*TEXTS[:BLOCKS], b"another\n", *TEXTS[BLOCKS + 1 :]]

    after = column.deflated(changed)

    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert gzip.decompress(b"".join(gzip_member(after))) == b"".join(changed)


def test_blocks_that_come_or_go_are_compressed_with_the_others() -> None:
    column = PackedColumn()
    column.deflated(TEXTS)

    for texts in (TEXTS[:-2], [*TEXTS, b"more\n"], []):
        pieces = column.deflated(texts)
        assert gzip.decompress(b"".join(gzip_member(pieces))) == b"".join(texts)
