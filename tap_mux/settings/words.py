"""Helping with words that were misspelled."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str]) -> str:
    """Quote a word that is none of some choices, and the choice that may have been meant."""
    near = get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"{word!r}, did you mean {near[0]}?" if near else repr(word)
