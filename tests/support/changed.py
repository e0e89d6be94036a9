"""A sandbox whose records have another shape than today's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from mux_sandbox.endpoints import ROUTES
from mux_sandbox.endpoints.call import encode
from tests.support.records import HOUR, NOW, tap_time
from tests.support.tapping import Output, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def changed(change: Callable[[Any], Any], **options: Any) -> Iterator[Sandbox]:
    """Serve a generated world, and change what is in ``data``; lists of names stay as they are."""

    def changing(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answer(call: Any) -> Any:
            body = handler(call)
            envelope = msgspec.json.decode(body if isinstance(body, bytes) else encode(body))
            return {**envelope, "data": change(envelope["data"])}

        return answer

    world = GeneratedWorld(assets=60, views_per_day=2000)
    with pytest.MonkeyPatch.context() as patch:
        for path, handler in ROUTES.items():
            if path != "/data/v1/dimensions":
                patch.setitem(ROUTES, path, changing(handler))
        made = Sandbox(world=world, options=SandboxOptions(clock=lambda: NOW, **options))
        with made as sandbox:
            patch.undo()
            yield sandbox


def read(sandbox: Sandbox, name: str, **settings: Any) -> Output:
    """Read some of a stream."""
    if name == "monitoring_breakdown_timeseries":
        settings |= {"start_date": tap_time(NOW - 300), "end_date": tap_time(NOW)}
        return run_tap(sandbox, name, **settings)
    is_short = name == "video_view_details" or "monitoring" in name
    hours = {"monitoring_breakdowns": 2, "metric_insights": 26}.get(name, 1 if is_short else 50)
    return run_tap(sandbox, name, start_date=tap_time(NOW - hours * HOUR), **settings)
