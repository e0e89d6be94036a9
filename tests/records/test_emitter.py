"""What the emitter writes, and when: first the records of a batch, then how far they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.records.conformer import MissingKeyError
from tap_mux.records.emitter import FileBatch, ReadBatch
from tap_mux.records.writer import MAX_RECORDS, EncodedRecords
from tap_mux.tap import TapMux
from tests.support.log import warned
from tests.support.records import DAY, HOUR, MINUTE, NOW, asset, tap_time, view, views
from tests.support.tapping import Output, bookmark, catalog_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_mux.records.emitter import Chunk
    from tap_mux.streams.base import MuxStream

    Record = dict[str, Any]

PARTITION = {"environment_id": "one"}


class Writing:
    """One stream, which writes batches that a test makes up."""

    def __init__(
        self,
        name: str,
        mark: Record | None = None,
        key: str | None = None,
        method: str = "INCREMENTAL",
        **settings: Any,
    ) -> None:
        """Prepare the stream.

        Args:
            name: Its name.
            mark: The state of its partition.
            key: Its replication key, if it is not the one that the stream has.
            method: Its replication method, if it has a key.
            settings: Settings besides the access token.
        """
        catalog = catalog_of(name)
        (entry,) = catalog["streams"]
        if key or entry.get("replication_key"):
            entry |= {"replication_method": method}
        if key:
            entry |= {"replication_key": key}
        partition = {"context": PARTITION, **(mark or {})}
        self.output = Output()
        tap = TapMux(
            config={"token_id": "id", "token_secret": "secret", **settings},
            catalog=catalog,
            state={"bookmarks": {name: {"partitions": [partition]}}},
            message_writer=self.output,
        )
        stream: Any = tap.streams[name]
        self.stream: MuxStream = stream
        self.emitter = self.stream.emitter

    def write(self, batch: Iterable[Record]) -> None:
        """Write the records of a batch."""
        for chunk in self.emitter.prepare(batch, PARTITION):
            self.emitter.write(chunk, batch, PARTITION)

    def batch(self, batch: Iterable[Record]) -> None:
        """Write a batch to its end."""
        self.write(batch)
        self.emitter.end_batch(batch, PARTITION)

    def mark(self) -> str | None:
        """Give the bookmark in the last state that was written."""
        return bookmark(self.output.states[-1], self.stream.name)


@pytest.mark.parametrize("row", [{"id": None}, {"view_end": None}, {"view_end": "soon"}])
def test_a_record_without_a_key_is_refused(row: Record) -> None:
    writing = Writing("video_views")
    with pytest.raises(MissingKeyError, match=next(iter(row))):
        writing.write([view("a", NOW), {**view("b", NOW), **row}])
    assert writing.output.messages == []


@pytest.mark.parametrize("key", ["id", "view_end"])
def test_a_record_that_lacks_a_key_is_refused(key: str) -> None:
    row = view("a", NOW)
    del row[key]
    with pytest.raises(MissingKeyError, match=key):
        Writing("video_views").write([row])


def test_state_comes_after_all_records_of_a_batch() -> None:
    writing = Writing("video_views")
    batch = views(2 * MAX_RECORDS + 1, NOW - DAY, 1)
    writing.write(batch)
    assert len(writing.output.records("video_views")) == len(batch)
    assert writing.output.states == []
    writing.emitter.end_batch(batch, PARTITION)
    assert len(writing.output.states) == 1
    assert writing.mark() == tap_time(NOW - DAY + 2 * MAX_RECORDS)


def test_a_whole_table_has_its_state_at_the_end() -> None:
    writing = Writing("assets")
    writing.batch([asset("a", NOW)])
    assert writing.output.states == []
    writing.emitter.end_partition(PARTITION, is_complete=True)
    writing.emitter.end_stream()
    assert len(writing.output.states) == 1
    assert writing.mark() is None


@pytest.mark.parametrize(
    "mark",
    [
        {},
        {"replication_key": "view_end", "replication_key_value": None},
        {"replication_key": "view_end", "replication_key_value": tap_time(NOW - DAY)},
        {"replication_key": "view_start", "replication_key_value": tap_time(NOW + DAY)},
    ],
)
def test_the_bookmark_moves_to_the_last_record(mark: Record) -> None:
    writing = Writing("video_views", mark)
    writing.batch([view("a", NOW - HOUR), view("b", NOW)])
    (partition,) = writing.output.states[-1]["bookmarks"]["video_views"]["partitions"]
    assert partition["replication_key"] == "view_end"
    assert partition["replication_key_value"] == tap_time(NOW)


def test_the_bookmark_never_moves_back() -> None:
    mark = {"replication_key": "view_end", "replication_key_value": tap_time(NOW)}
    writing = Writing("video_views", mark)
    writing.batch([view("a", NOW - HOUR)])
    assert writing.mark() == tap_time(NOW)


def test_what_has_been_read_without_records_moves_the_bookmark() -> None:
    writing = Writing("video_views")
    writing.batch(ReadBatch([], tap_time(NOW - HOUR)))
    assert writing.mark() == tap_time(NOW - HOUR)
    batch = ReadBatch([view("a", NOW - MINUTE)], tap_time(NOW))
    writing.write(batch)
    state = writing.stream.get_context_state(PARTITION)
    assert state["replication_key_value"] == tap_time(NOW - HOUR)  # until the batch has ended
    writing.emitter.end_batch(batch, PARTITION)
    assert writing.mark() == tap_time(NOW)
    writing.batch(ReadBatch([], tap_time(NOW - DAY)))
    assert writing.mark() == tap_time(NOW)


def test_a_batch_behind_which_earlier_records_may_come_does_not_move_the_bookmark() -> None:
    writing = Writing("video_views")
    writing.batch(ReadBatch([view("a", NOW)], tap_time(NOW - HOUR)))
    assert writing.mark() == tap_time(NOW - HOUR)


def test_another_replication_key_has_no_such_bookmark() -> None:
    writing = Writing("video_views", key="view_start")
    assert type(writing.stream.read_up_to([], NOW)) is list


def test_a_stream_that_is_read_whole_has_no_bookmark() -> None:
    writing = Writing("video_views", method="FULL_TABLE")
    writing.batch([{**view("a", NOW), "view_end": None}])
    writing.batch([view("b", NOW)])
    assert writing.output.states == []
    writing.emitter.end_partition(PARTITION, is_complete=True)
    writing.emitter.end_stream()
    assert writing.mark() is None


@pytest.mark.parametrize(
    ("name", "key", "bookmarks"), [("video_views", ["id"], ["view_end"]), ("assets", ["id"], None)]
)
def test_a_schema_names_keys(name: str, key: list[str], bookmarks: list[str] | None) -> None:
    writing = Writing(name)
    writing.emitter.write_schema()
    (schema,) = writing.output.messages
    assert (schema["type"], schema["stream"]) == ("SCHEMA", name)
    assert schema["key_properties"] == key
    assert schema.get("bookmark_properties") == bookmarks


def test_records_have_the_version_of_their_table() -> None:
    writing = Writing("assets", emit_activate_version_messages=True)
    writing.batch([asset("a", NOW)])
    writing.emitter.activate_version()
    assert [message["version"] for message in writing.output.messages] == [
        writing.stream.table_version
    ] * 2


class TestUnsorted:
    """A stream whose records come in any order."""

    def test_the_bookmark_moves_to_the_newest_when_all_is_read(self) -> None:
        writing = Writing("assets", key="created_at")
        writing.batch([asset("a", NOW - HOUR), asset("b", NOW), asset("c", NOW - DAY)])
        writing.batch([asset("d", NOW - 2 * DAY)])
        assert writing.mark() is None
        writing.emitter.end_partition(PARTITION, is_complete=True)
        writing.emitter.end_stream()
        assert writing.mark() == tap_time(NOW)
        assert "progress_markers" not in str(writing.output.states[-1])

    def test_the_bookmark_stays_when_it_breaks_off(self) -> None:
        mark = {"replication_key": "created_at", "replication_key_value": tap_time(NOW - DAY)}
        writing = Writing("assets", mark, key="created_at")
        writing.batch([asset("a", NOW)])
        writing.emitter.end_partition(PARTITION, is_complete=False)
        writing.emitter.end_stream()
        assert writing.mark() == tap_time(NOW - DAY)
        assert "progress_markers" not in str(writing.output.states[-1])


class File(FileBatch):
    """A file of four views; the third one cannot be encoded."""

    bookmark = "2026-01-02"

    def __iter__(self) -> Iterator[Record]:
        """Yield the records."""
        for number in range(4):
            yield {"view_id": f"{number}", "export_date": self.bookmark}

    def encode(self, stream: str, columns: Record) -> Iterator[Chunk]:
        """Encode three records; give the other as it is."""
        line = b'{"type":"RECORD","stream":"%s","record":{"view_id":"%d"}}\n'
        yield EncodedRecords(b"".join(line % (stream.encode(), number) for number in (0, 1)), 2)
        yield [{"view_id": "2", "watch_time": "7", "export_date": self.bookmark}]
        yield EncodedRecords(line % (stream.encode(), 3), 1)


def test_the_bookmark_of_a_file_is_noted_after_its_last_record() -> None:
    mark = {"replication_key": "export_date", "replication_key_value": "2026-01-01"}
    writing = Writing("exported_video_views", mark)
    batch = File()
    writing.write(batch)
    state = writing.stream.get_context_state(PARTITION)
    assert state["replication_key_value"] == "2026-01-01"
    writing.emitter.end_batch(batch, PARTITION)
    assert writing.mark() == "2026-01-02"


def test_what_a_file_cannot_encode_is_brought_into_form() -> None:
    writing = Writing("exported_video_views")
    writing.write(File())
    records = writing.output.records("exported_video_views")
    assert [record["view_id"] for record in records] == ["0", "1", "2", "3"]
    assert records[2]["watch_time"] == 7
    assert records[2]["environment_id"] == "one"


def test_all_records_of_a_file_are_counted() -> None:
    writing = Writing("exported_video_views")
    writing.write(File())
    assert writing.emitter.records == 4


def test_the_environment_of_the_partition_wins() -> None:
    writing = Writing("video_views")
    writing.write([view("a", NOW, environment_id="another")])
    (record,) = writing.output.records("video_views")
    assert record["environment_id"] == "one"


class TestMaps:
    """Stream maps change what is written, not how it is counted and kept."""

    def test_records_keep_the_version_of_their_table(self) -> None:
        maps = {"assets": {"__alias__": "library", "id": "id", "__else__": None}}
        writing = Writing("assets", emit_activate_version_messages=True, stream_maps=maps)
        writing.emitter.write_schema()
        writing.batch([asset("a", NOW)])
        writing.emitter.activate_version()
        _, record, activation = writing.output.messages
        assert {message["stream"] for message in writing.output.messages} == {"library"}
        assert activation["type"] == "ACTIVATE_VERSION"
        assert record["version"] == activation["version"] == writing.stream.table_version

    def test_nothing_is_written_of_a_stream_that_is_removed(self) -> None:
        maps = {"assets": "__NULL__"}
        writing = Writing("assets", emit_activate_version_messages=True, stream_maps=maps)
        writing.emitter.write_schema()
        writing.batch([asset("a", NOW)])
        writing.emitter.activate_version()
        assert writing.output.messages == []

    def test_a_field_that_is_absent_is_none_and_the_others_are_not(self) -> None:
        maps = {"assets": {"title": "passthrough or 'none'", "state": "record['status']"}}
        writing = Writing("assets", stream_maps=maps)
        writing.write([asset("a", NOW), asset("b", NOW, passthrough="p")])
        found = writing.output.records("assets")
        assert [record["title"] for record in found] == ["none", "p"]
        assert [record["state"] for record in found] == ["ready", "ready"]
        assert [record["id"] for record in found] == ["a", "b"]


def test_a_credential_is_left_out_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    writing = Writing("live_streams")
    writing.write([{"id": "a", "stream_key": "secret", "novelty": 1}])
    (record,) = writing.output.records("live_streams")
    assert record == {"id": "a", "environment_id": "one"}
    assert [text.rpartition(": ")[2] for text in warned(caplog)] == ["novelty"]
