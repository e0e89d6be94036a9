"""The simulation notices a tap that is broken on purpose."""

from __future__ import annotations

import pytest

from tests.simulation.broken import BREAKS, Break, broken, noticed
from tests.simulation.seams import simulated
from tests.simulation.story import play


@pytest.mark.parametrize("way", BREAKS, ids=lambda way: way.apply.__name__)
def test_it_is_noticed(way: Break) -> None:
    with broken(way):
        assert noticed(way, way.seed)
    with simulated():
        play(way.seed, streams=way.streams)
