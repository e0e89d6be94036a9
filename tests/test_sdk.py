"""The SDK's own tests of a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.tap import TapMux

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_mux.streams.base import MuxStream

# Some fields occur only in old or rare records.
pytestmark = pytest.mark.filterwarnings("default:Fields in transformed catalog but not in records")

CONFIG = {"token_id": "id", "token_secret": "secret", "api_url": "http://127.0.0.1:1"}


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    """Point the settings, which the suite reads on import, to a sandbox."""
    world = GeneratedWorld(assets=1000, views_per_day=100)
    options = SandboxOptions(engagement_form="with_views")  # which fills all columns
    with Sandbox(world=world, options=options) as running:
        CONFIG.update(running.config)
        yield


class TapOfAllStreams(TapMux):
    """The tap with all streams selected."""

    def discover_streams(self) -> list[MuxStream]:
        """Make all streams, and select them."""
        streams = super().discover_streams()
        for stream in streams:
            stream.selected = True
        return streams


TestTapMux = get_tap_test_class(
    TapOfAllStreams,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=150),
    parse_env_config=False,
)
