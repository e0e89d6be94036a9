"""README and the pages of docs/, taken apart."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]

with (ROOT / "pyproject.toml").open("rb") as file:
    REPOSITORY: str = tomllib.load(file)["project"]["urls"]["Repository"]
SITE = f"{REPOSITORY}/blob/main/"
"""What links to files of the repository begin with, where they must work on other sites too."""


def text(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text("utf-8")


def table(page: Path, first: str) -> list[list[str]]:
    """Return the rows of a table, without its head.

    Args:
        page: The page.
        first: The head of the first column.
    """
    (found,) = re.findall(rf"^\| {first} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text(page), re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found.splitlines()]


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return what a page links to."""
    return re.findall(r"\]\(([^)]+)\)", text(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
