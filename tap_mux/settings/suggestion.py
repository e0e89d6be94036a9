"""Suggestions for words that are misspelled."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: what may have been meant.

    Args:
        word: The unknown word.
        choices: The words that there are.

    Returns:
        A text such as ``, did you mean views?``; an empty one if no choice is similar.
    """
    # Who misspells a word has its first letter right, or has written a part of it.
    alike = [choice for choice in choices if choice[:1] == word[:1].lower() or word in choice]
    near = get_close_matches(word, alike, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""
