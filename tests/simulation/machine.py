"""The same stories, told by Hypothesis, which makes a failing one short."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation.seams import simulated
from tests.simulation.story import Story

CHANCE = st.integers(0, 1 << 16).map(random.Random)
"""What chance decides in a step. Small numbers are tried first."""


class Simulation(RuleBasedStateMachine):
    """Steps of a story, in any order."""

    def __init__(self) -> None:
        """Begin to simulate."""
        super().__init__()
        self._simulated: Any = simulated()
        self._simulated.__enter__()
        self._story: Story | None = None

    @property
    def story(self) -> Story:
        """The story, once it has begun."""
        assert self._story
        return self._story

    @initialize(seed=st.integers(0, 1 << 16))
    def begin(self, seed: int) -> None:
        """Begin a story."""
        self._story = Story(seed)

    @rule(chance=CHANCE)
    def pass_time(self, chance: random.Random) -> None:
        """Let some time pass."""
        self.story.pass_time(chance)

    @rule(chance=CHANCE)
    def change_settings(self, chance: random.Random) -> None:
        """Change a setting."""
        self.story.change_settings(chance)

    @rule(chance=CHANCE)
    def run(self, chance: random.Random) -> None:
        """Run the tap, among faults and changes."""
        self.story.run(chance)

    @rule()
    def run_calmly(self) -> None:
        """Run the tap without trouble: it has to make all good."""
        self.story.end()

    def teardown(self) -> None:
        """End the story."""
        try:
            if self._story:
                print("\n".join(self._story.told))  # noqa: T201 - shown for a failing story
                self._story.end()
        finally:
            self._simulated.__exit__(None, None, None)
