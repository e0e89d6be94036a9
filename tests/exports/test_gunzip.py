"""Decompression: in pieces of limited size, and complete."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from tap_mux.exports import download as downloading
from tap_mux.exports.download import PIECE_BYTES, Gunzip


def random_bytes(size: int) -> bytes:
    """Make bytes that do not compress."""
    return random.Random(size).randbytes(size)


class TestGunzip:
    """Decompression uses little memory, and tells whether the file is complete."""

    @pytest.mark.parametrize("step", [1, 7, 1000, 10**7])
    def test_pieces_of_any_size(self, step: int) -> None:
        content = random_bytes(3000) + b"a" * 3000
        packed = gzip.compress(content)
        gunzip = Gunzip()
        found = b""
        for start in range(0, len(packed), step):
            assert not gunzip.is_whole
            found += b"".join(gunzip.feed(packed[start : start + step]))
        assert found == content
        assert gunzip.is_whole

    @pytest.mark.parametrize("step", [1, 100, 10**7])
    def test_several_members_and_padding(self, step: int) -> None:
        packed = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two") + b"\0" * 99
        gunzip = Gunzip()
        parts = [packed[start : start + step] for start in range(0, len(packed), step)]
        assert b"".join(piece for part in parts for piece in gunzip.feed(part)) == b"onetwo"
        assert gunzip.is_whole

    def test_the_size_of_decompressed_pieces_is_limited(self) -> None:
        gunzip = Gunzip()
        sizes = [len(piece) for piece in gunzip.feed(gzip.compress(b"a" * 10 * PIECE_BYTES))]
        assert sum(sizes) == 10 * PIECE_BYTES
        assert max(sizes) <= PIECE_BYTES
        assert gunzip.is_whole

    @pytest.mark.parametrize("nothing", [gzip.compress(b""), bytes(50)], ids=["empty", "padding"])
    def test_what_has_no_content_has_an_end(self, nothing: bytes) -> None:
        gunzip = Gunzip()
        assert list(gunzip.feed(gzip.compress(b"one"))) == [b"one"]
        pieces = (
            piece
            for _ in range(downloading.MAX_EMPTY_MEMBERS + 2)
            for piece in gunzip.feed(nothing)
        )
        with pytest.raises(zlib.error):
            list(pieces)

    def test_many_members_with_content_are_a_file(self) -> None:
        packed = gzip.compress(b"a") * (downloading.MAX_EMPTY_MEMBERS + 2)
        assert len(b"".join(Gunzip().feed(packed))) == downloading.MAX_EMPTY_MEMBERS + 2

    def test_an_empty_file_is_not_whole(self) -> None:
        assert not Gunzip().is_whole

    @pytest.mark.parametrize("missing", [1, 7, 8, 9, 100])
    def test_a_file_without_its_end_is_not_whole(self, missing: int) -> None:
        gunzip = Gunzip()
        _ = list(gunzip.feed(gzip.compress(random_bytes(3000))[:-missing]))
        assert not gunzip.is_whole

    @pytest.mark.parametrize("place", [3000, -8, -1])
    def test_a_wrong_byte_is_noticed(self, place: int) -> None:
        packed = bytearray(gzip.compress(random_bytes(6000)))
        packed[place] ^= 1
        with pytest.raises(zlib.error):
            _ = list(Gunzip().feed(bytes(packed)))
