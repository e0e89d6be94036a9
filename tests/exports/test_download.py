"""Downloads from signed URLs: resumed where they broke off, and never of two versions."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mux_sandbox import Answer, Disconnect, Truncate
from tap_mux.api.errors import MuxError, NoAnswerError, UnexpectedAnswerError
from tap_mux.exports import download as downloading
from tap_mux.exports.download import RestartError
from tests.exports.stream import MIDNIGHT, SIGNED
from tests.support.records import DAY, views

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld
    from tests.exports.source import Source


class TestInterruptions:
    """A broken download is resumed at the byte where it broke."""

    def test_resumes_where_it_broke_off(self, source: Source, content: bytes) -> None:
        source.sandbox.faults.add(SIGNED, times=3, action=Truncate())
        assert source.read() == content
        first, *others = source.ranges
        starts = [int(str(each).removeprefix("bytes=").removesuffix("-")) for each in others]
        assert first is None
        assert len(starts) == 3
        assert starts == sorted(starts)
        assert (
            0 < starts[0] < downloading.READ_BYTES
        )  # the bytes that arrived before it broke off are kept
        assert all(request.status == 206 for request in source.file_requests[1:])
        assert all(request.headers["If-Range"] for request in source.file_requests[1:])

    def test_reads_from_the_beginning_if_the_store_has_no_ranges(
        self, source: Source, content: bytes
    ) -> None:
        source.sandbox.options.ranges_supported = False
        source.sandbox.faults.add(SIGNED, times=2, action=Truncate())
        assert source.read() == content
        assert [request.status for request in source.file_requests] == [200, 200, 200]

    @pytest.mark.parametrize("failure", [Disconnect(), Answer(503), Answer(429), Truncate()])
    def test_retries_with_growing_waits(
        self, source: Source, content: bytes, waits: list[float], failure: Any
    ) -> None:
        source.sandbox.faults.add(SIGNED, times=2, action=failure)
        waits.clear()
        assert source.read() == content
        if not isinstance(failure, Truncate):
            assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2

    def test_progress_resets_the_number_of_tries(self, source: Source, content: bytes) -> None:
        # Each request gets half of the rest, so no two failures are at the same byte.
        source.sandbox.faults.add(SIGNED, times=2, action=Truncate())
        assert source.read(max_attempts=2) == content

    def test_gives_up_without_progress(self, source: Source) -> None:
        source.sandbox.options.ranges_supported = False
        source.sandbox.faults.add(SIGNED, times=None, action=Truncate())
        with pytest.raises(MuxError, match=r"The download of the file broke off.*after 3 tries"):
            source.read()
        assert len(source.file_requests) == 3

    def test_a_truncated_body_without_an_error_is_noticed(
        self, source: Source, content: bytes
    ) -> None:
        packed = gzip.compress(content)
        source.sandbox.faults.add(
            SIGNED, times=None, action=Answer(200, packed[: len(packed) // 2])
        )
        download = source.download()
        with pytest.raises(RestartError, match="cannot go on"):
            _ = list(download.read())
        with pytest.raises(NoAnswerError, match="ended before the file did"):
            _ = list(download.read())

    @pytest.mark.parametrize("body", [b"", b"<html>Please sign in</html>"])
    def test_a_body_that_is_no_gzip_file_fails(self, source: Source, body: bytes) -> None:
        source.sandbox.faults.add(SIGNED, times=None, action=Answer(200, body))
        download = source.download()
        for _ in range(2 if body else 0):
            with pytest.raises(RestartError):
                _ = list(download.read())
        with pytest.raises(UnexpectedAnswerError if body else NoAnswerError, match="after 3 tries"):
            _ = list(download.read())


class TestChangedFiles:
    """A file that changed is read from its beginning: bytes of two versions are never mixed."""

    def read_twice(self, source: Source, **more: Any) -> bytes:
        """Read the file: the first attempt has to fail with RestartError."""
        download = source.download(**more)
        with pytest.raises(RestartError):
            _ = list(download.read())
        return b"".join(download.read())

    def change(self, world: ExplicitWorld) -> None:
        """Change the content of the file."""
        world.view_rows = views(50, MIDNIGHT - DAY, 30)

    @pytest.mark.parametrize("ranges", [True, False])
    def test_a_file_that_changed_is_read_from_its_beginning(
        self, world: ExplicitWorld, source: Source, content: bytes, *, ranges: bool
    ) -> None:
        source.sandbox.options.ranges_supported = ranges
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(
            lambda request: "Range" in request.headers, action=lambda _: self.change(world)
        )
        found = self.read_twice(source)
        assert found != content
        assert len(found.splitlines()) > 40

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Content-Range": "bytes 1000000000-1000000999/1000001000"},
            {"Content-Range": "pages 1-2/3"},
        ],
    )
    def test_another_range_than_requested(
        self, source: Source, content: bytes, headers: dict[str, str]
    ) -> None:
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(206, b"x" * 1000, headers))
        assert self.read_twice(source) == content

    def test_a_range_that_begins_too_early_is_cut(self, source: Source, content: bytes) -> None:
        url = source.find_url()
        whole = requests.get(url, timeout=5)
        headers = {
            "ETag": whole.headers["ETag"],
            "Content-Range": f"bytes 9-{len(whole.content)}/*",
        }
        source.exports.list()
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(206, whole.content[9:], headers))
        assert source.read() == content

    def test_a_range_that_ends_with_a_gzip_member(self, source: Source) -> None:
        members = [gzip.compress(b"one"), gzip.compress(b"two")]
        size = sum(map(len, members))
        start = 0
        for member in members:
            headers = {"Content-Range": f"bytes {start}-{start + len(member) - 1}/{size}"}
            source.sandbox.faults.add(SIGNED, action=Answer(206, member, headers))
            start += len(member)
        assert source.read() == b"onetwo"

    def test_a_file_that_became_shorter(self, source: Source, content: bytes) -> None:
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(416))
        assert self.read_twice(source) == content
