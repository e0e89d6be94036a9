"""What the pages are made from, and a warehouse with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.warehouse import load
from tools.docs import sandboxed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


@pytest.fixture(scope="session")
def messages() -> list[dict[str, Any]]:
    """What the tap reads of the sandbox, all streams."""
    return sandboxed.messages()


@pytest.fixture(scope="session")
def warehouse(
    messages: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB database with all streams, in the types of target-duckdb."""
    with load(messages, tmp_path_factory.mktemp("warehouse")) as connection:
        yield connection
