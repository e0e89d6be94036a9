"""The generated files of docs/ are as the command writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mux.streams import ALL_STREAMS
from tests.docs.pages import DOCS, REPOSITORY
from tools.docs import generated, markdown
from tools.docs.joins import joins_of
from tools.docs.notes import NOTES

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_as_written(messages: list[dict[str, Any]]) -> None:
    assert generated.differences(DOCS, generated.files(messages)) == set()


def test_a_changed_and_a_superfluous_file_are_found_and_mended(tmp_path: Path) -> None:
    files = {"streams/a.md": "a\n", "settings.md": "b\n"}
    generated.write(tmp_path, files)
    assert generated.differences(tmp_path, files) == set()
    (tmp_path / "settings.md").write_text("c\n")
    (tmp_path / "streams" / "gone.md").write_text("d\n")
    assert generated.differences(tmp_path, files) == {"settings.md", "streams/gone.md"}
    generated.write(tmp_path, files)
    assert generated.differences(tmp_path, files) == set()


def test_notes_are_of_all_streams() -> None:
    assert NOTES.keys() == {stream.name for stream in ALL_STREAMS}
    assert all(note.use.endswith(".") and note.requests for note in NOTES.values())
    assert markdown.REPOSITORY == REPOSITORY


def test_pages_name_the_joins_in_both_directions() -> None:
    assert any(join.left == "video_view_details" for join in joins_of("assets"))
    assert any(join.right == "assets" for join in joins_of("video_view_details"))
