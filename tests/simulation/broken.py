"""The tap, broken on purpose: the simulation has to notice.

``uv run python -m tests.simulation.broken`` says how many seeds each takes.
"""

from __future__ import annotations

import argparse
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tap_mux.api import client, workers
from tap_mux.api.errors import MuxError
from tap_mux.api.transport import network_error
from tap_mux.exports import dates, download
from tap_mux.reading import pagination, stable, view_windows
from tap_mux.reading.retention import first_kept
from tap_mux.reading.windows import Window
from tap_mux.records import emitter
from tap_mux.run import outcome
from tap_mux.streams import base, periodic, robots
from tests.simulation.seams import simulated
from tests.simulation.story import play
from tests.simulation.truth import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Patch = pytest.MonkeyPatch

MAX_SEEDS = 2000


def note_bookmarks_early(patch: Patch) -> None:
    """Write the bookmark of records before them."""
    write = emitter.Emitter.write

    def early(self: Any, chunk: Any, batch: Any, partition: Any) -> None:
        if isinstance(chunk, list) and chunk and self._stream.is_sorted:
            self._note_bookmark([chunk[-1]], partition)
            self._write_state(self._stream.tap_state)
        write(self, chunk, batch, partition)

    patch.setattr(emitter.Emitter, "write", early)


def skip_a_page(patch: Patch) -> None:
    """Leave out the second page of each list."""
    page = pagination.Paginator._page  # noqa: SLF001 - to break it

    def skipping(self: Any, path: str, query: Any, limit: int, number: int) -> Any:
        return page(self, path, query, limit, number + (number > 1))

    patch.setattr(pagination.Paginator, "_page", skipping)


def forget_the_lookback(patch: Patch) -> None:
    """Read views from the bookmark on."""
    patch.setattr(base.MuxStream, "lookback_seconds", 0)


def forget_the_lookback_of_sums(patch: Patch) -> None:
    """Read sums from the bookmark on."""
    patch.setattr(periodic.PeriodicStream, "lookback_seconds", 0)


def believe_one_reading(patch: Patch) -> None:
    """Send ACTIVATE_VERSION after one reading."""
    patch.setattr(stable, "_is_surely_whole", lambda _: True)


def drop_a_page_on_retry(patch: Patch) -> None:
    """Take a list for empty whose page has failed twice."""
    get = client.MuxClient.get

    def dropping(self: Any, path: str, *arguments: Any, **form: Any) -> Any:
        try:
            return get(self, path, *arguments, **form)
        except MuxError as error:
            if "Gave up after" in str(error) and form.get("data", list) is list:
                return {"data": []}
            raise

    patch.setattr(client.MuxClient, "get", dropping)


def exclude_the_border_of_a_window(patch: Patch) -> None:
    """Leave out views that ended in the first second of a window."""
    in_order = view_windows._in_order  # noqa: SLF001 - to break it

    def excluding(found: Any, window: Any) -> Any:
        return in_order(found, Window(window.start + 1, window.end))

    patch.setattr(view_windows, "_in_order", excluding)


def end_with_success(patch: Patch) -> None:
    """Exit with 0 though streams have failed."""
    patch.setattr(outcome.Outcome, "raise_for_failures", lambda *_, **__: None)


def keep_a_bookmark_of_half(patch: Patch) -> None:
    """Let the bookmark of an unsorted stream move though it was not read to its end."""
    end = emitter.Emitter.end_partition

    def ending(self: Any, partition: Any, *, is_complete: bool) -> None:
        end(self, partition, is_complete=True)

    patch.setattr(emitter.Emitter, "end_partition", ending)
    patch.setattr(robots.DirectiveRuns, "lookback_seconds", 0)


def accept_half_a_file(patch: Patch) -> None:
    """Take a file for whole that was cut."""
    patch.setattr(download.Gunzip, "is_whole", True)
    patch.setattr(download.Download, "_is_all_here", True)


def forget_missing_dates(patch: Patch) -> None:
    """Do not note dates whose export comes late."""
    patch.setattr(dates.Dates, "left_after", lambda *_: [])


def take_results_as_they_come(patch: Patch) -> None:
    """Give results in the order in which they are there, not in that of the calls."""
    following = workers.Results.__next__

    def first_done(self: Any) -> Any:
        done = [future for future in self._pending if future.done()]
        if done:
            self._pending.remove(done[0])
            self._pending.appendleft(done[0])
        return following(self)

    patch.setattr(workers.Results, "__next__", first_done)


def delete_of_all_environments(patch: Patch) -> None:
    """Activate a version when the first environment has been read."""

    def end(self: Any) -> None:
        first = self._streams[0]
        if first.table_version is not None:
            first.emitter.activate_version()

    from tap_mux.run import reading  # noqa: PLC0415

    patch.setattr(reading.Table, "end", end)


def begin_behind_the_border(patch: Patch) -> None:
    """Read views from three days after the first that is kept."""

    def late(*arguments: Any, **form: Any) -> int | None:
        found = first_kept(*arguments, **form)
        return found + 3 * DAY if found and found > arguments[0] else found

    patch.setattr("tap_mux.reading.view_windows.first_kept", late)


def show_signed_urls(patch: Patch) -> None:
    """Log the whole text of an error of a download."""

    def whole(what: str, error: Any) -> Any:
        found = network_error(what, error)
        logging.getLogger("broken").warning("%s: %s", what, error)
        return found

    patch.setattr(download, "network_error", whole)


class Break(NamedTuple):
    """One way to break the tap."""

    apply: Callable[[Patch], None]
    streams: tuple[str, ...]
    """What the stories read, so that the break matters; all that there is without any."""

    seed: int
    """The first seed that notices."""


LONG_LISTS = ("webhooks", "incidents", "uploads", "signing_keys", "live_streams")

BREAKS: list[Break] = [
    Break(note_bookmarks_early, (), 0),
    Break(skip_a_page, (), 1),
    Break(forget_the_lookback, (), 1),
    Break(forget_the_lookback_of_sums, (), 24),
    Break(drop_a_page_on_retry, (), 1),
    Break(end_with_success, (), 1),
    Break(believe_one_reading, LONG_LISTS, 14),
    Break(exclude_the_border_of_a_window, ("video_views",), 3),
    Break(keep_a_bookmark_of_half, ("robot_jobs", "directive_runs"), 2),
    Break(accept_half_a_file, ("exported_video_views",), 614),
    Break(forget_missing_dates, ("exported_video_views",), 11),
    Break(take_results_as_they_come, (), 3),
    Break(delete_of_all_environments, ("uploads", "signing_keys"), 1),
    Break(begin_behind_the_border, ("video_views",), 12),
    Break(show_signed_urls, ("exported_video_views",), 46),
]


@contextmanager
def broken(way: Break) -> Iterator[None]:
    """Break the tap inside the ``with`` block."""
    with simulated(), pytest.MonkeyPatch.context() as patch:
        way.apply(patch)
        yield


def noticed(way: Break, seed: int) -> str:
    """Return what a story says of the broken tap; empty if it notices nothing."""
    try:
        play(seed, streams=way.streams)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is noticed
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which; all of them without a name")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    for way in BREAKS:
        name = way.apply.__name__
        if options.names and name not in options.names:
            continue
        began = time.process_time()
        with broken(way):
            for seed in range(options.first, options.first + MAX_SEEDS):
                if said := noticed(way, seed):
                    break
            else:
                said = "not noticed"
        seconds = time.process_time() - began
        print(f"{name}: seed {seed}, {seconds:.0f} seconds, {said}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
