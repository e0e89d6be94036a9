"""Lists that change while they are read: nothing is missing where a loader deletes the rest."""

from __future__ import annotations

import pytest

from tests.support.changing import WAYS, read_changing

READINGS = 400


@pytest.mark.parametrize("way", WAYS)
def test_a_list_is_not_taken_for_whole_while_a_record_is_missing(way: str) -> None:
    found = [read_changing(seed, way) for seed in range(READINGS)]
    assert [seed for seed, each in enumerate(found) if each.is_told_whole and each.missing] == []
    assert sum(each.is_told_whole for each in found) > READINGS / 4
