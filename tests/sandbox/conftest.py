"""Sandboxes whose clock stands at NOW, each with a client."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Sandbox, SandboxOptions
from tests.sandbox.api import NOW, Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox import World


@contextmanager
def serving(world: World | None = None, **options: Any) -> Iterator[Api]:
    options.setdefault("clock", lambda: NOW)
    with Sandbox(world, SandboxOptions(**options)) as sandbox:
        api = Api(sandbox)
        with api.session:
            yield api


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Start sandboxes, of a generated world unless another is given."""
    with ExitStack() as stack:

        def start(world: World | None = None, **options: Any) -> Api:
            return stack.enter_context(serving(world, **options))

        yield start


@pytest.fixture(scope="module")
def generated() -> Iterator[Api]:
    """Serve one generated world to all tests of a module that only read it."""
    with serving() as api:
        yield api
