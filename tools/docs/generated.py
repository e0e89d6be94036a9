"""All files of docs/ that follow from the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.docs import comments, stream_pages
from tools.docs.joins_page import joins_page
from tools.docs.sandboxed import records
from tools.docs.settings_page import settings_page
from tools.docs.vocabulary_page import vocabulary_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDERS = ("streams", "comments")
"""Folders that have nothing else."""


def files(messages: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the texts of all files, by their paths in docs/.

    Args:
        messages: What the tap reads of the sandbox.
    """
    return {
        **stream_pages.pages(records(messages)),
        "settings.md": settings_page(),
        "joins.md": joins_page(),
        "vocabulary.md": vocabulary_page(),
        **comments.scripts(),
    }


def differences(folder: Path, files: Mapping[str, str]) -> set[str]:
    """Return the paths of files that are missing, too many, or have another text."""
    there = {
        str(path.relative_to(folder)) for name in FOLDERS for path in (folder / name).glob("*.*")
    }
    differing = {
        path
        for path, text in files.items()
        if not (folder / path).is_file() or (folder / path).read_text("utf-8") != text
    }
    return differing | (there - files.keys())


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, and delete others in the folders that have nothing else."""
    for path in differences(folder, files) - files.keys():
        (folder / path).unlink()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
