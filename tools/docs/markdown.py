"""Pieces of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPOSITORY = "https://github.com/tap-mux/tap-mux"
GENERATED = "<!-- Written by `uv run python -m tools.docs`; change what it is made from. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells are one line; a | in them is text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    ).replace("|  |", "| |")


def bullets(texts: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {text}" for text in texts)


def block(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```"


def page(title: str, *parts: str) -> str:
    """Return the text of a generated page; empty parts are left out."""
    return "\n\n".join([f"# {title}", GENERATED, *filter(None, parts)]) + "\n"
