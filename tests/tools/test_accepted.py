"""Differences that are meant to be: they are not told, but that one no longer occurs is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tap_mux.streams import ALL_STREAMS
from tests.tools.changes import CHANGES, agreeing
from tools import accepted
from tools.accepted import ACCEPTED, OF_THE_CLIENT, Accepted
from tools.compare import NO_STREAM
from tools.ours import readers

if TYPE_CHECKING:
    from tests.tools.changes import Json
    from tests.tools.command import Run


def with_new_field() -> Json:
    """Return a description of the API in which assets have a field more."""
    api = agreeing()
    CHANGES["new field"][0](api)
    return api


class TestAccepted:
    """What is meant to be is not told, but that it no longer is."""

    @pytest.mark.parametrize(
        ("streams", "what", "names"),
        [
            ("assets", "new field", "colour"),
            ("webhooks assets", "new field", "smell colour"),
            ("*", "new field", "col*"),
        ],
    )
    def test_is_not_told(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, streams: str, what: str, names: str
    ) -> None:
        monkeypatch.setattr(accepted, "ACCEPTED", (Accepted(streams, what, names, "Why."),))
        code, lines = run(with_new_field())
        assert code == 0
        assert lines[-1] == "Differences: 0, and 1 accepted"
        assert "  new field: colour (string)" not in lines

    @pytest.mark.parametrize(
        ("streams", "what", "names"),
        [
            ("webhooks", "new field", "colour"),
            ("assets", "gone field", "colour"),
            ("assets", "new field", "col"),
            ("assets", "new field", "col.*"),
        ],
    )
    def test_is_told_where_another_is_accepted(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, streams: str, what: str, names: str
    ) -> None:
        monkeypatch.setattr(accepted, "ACCEPTED", (Accepted(streams, what, names, "Why."),))
        code, lines = run(with_new_field())
        assert code == 1
        assert lines[:2] == ["assets", "  new field: colour (string)"]
        assert f"  {streams}, {what}: {names} (Why.)" in lines

    def test_is_told_when_it_no_longer_occurs(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = Accepted("webhooks assets", "new field", "smell colour", "Why.")
        monkeypatch.setattr(accepted, "ACCEPTED", (entry,))
        api = agreeing()
        CHANGES["new field"][0](api)
        assert run(api) == (
            0,
            [
                "Accepted, but there is no such difference any more:",
                "  webhooks, new field: smell (Why.)",
                "  webhooks, new field: colour (Why.)",
                "  assets, new field: smell (Why.)",
                "Differences: 0, and 1 accepted",
            ],
        )

    @pytest.mark.parametrize("change", ["gone endpoint", "no fields"])
    def test_is_not_told_of_a_stream_that_is_gone(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, change: str
    ) -> None:
        entry = Accepted("webhooks", "gone field", "colour", "Why.")
        monkeypatch.setattr(accepted, "ACCEPTED", (entry,))
        api = agreeing()
        CHANGES[change][0](api)
        code, lines = run(api)
        assert code == 1
        assert len(lines) == 3


class TestTheList:
    """What is accepted of the real API."""

    @pytest.mark.parametrize("entry", [*ACCEPTED, *OF_THE_CLIENT], ids=lambda each: each.reason)
    def test_has_a_reason_for_each(self, entry: Accepted) -> None:
        assert re.fullmatch(r"[A-Z].{10,}\.", entry.reason)

    def test_is_of_streams_that_there_are(self) -> None:
        known = {stream.name for stream in ALL_STREAMS} | {NO_STREAM, "*"}
        named = {one.streams for entry in ACCEPTED for one in entry.one_by_one()}
        assert named <= known

    def test_has_nothing_twice(self) -> None:
        every = [one[:3] for entry in ACCEPTED for one in entry.one_by_one()]
        assert len(set(every)) == len(every)

    def test_what_is_gone_is_a_field_of_the_tap(self) -> None:
        have = {reader.stream: reader.fields for reader in readers()}
        gone = [
            (one.streams, one.names)
            for entry in ACCEPTED
            for one in entry.one_by_one()
            if one.what == "gone field" and one.streams != "*"
        ]
        assert [(stream, name) for stream, name in gone if name not in have[stream]] == []
