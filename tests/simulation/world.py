"""A Mux environment that lives: things are made, change, arrive late and go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.truth import DAY, HOUR, MINUTE, Sums, Table, draw

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

LISTS = (
    "assets",
    "live_streams",
    "uploads",
    "playback_restrictions",
    "drm_configurations",
    "transcription_vocabularies",
    "signing_keys",
    "webhooks",
    "incidents",
    "directives",
)
"""What Mux lists whole."""

SUMS = (
    "errors",
    "dimension_values",
    "metric_timeseries",
    "metric_overall",
    "metric_breakdowns",
    "metric_insights",
    "metric_comparisons",
    "delivery_usage",
    "asset_heatmaps",
    "asset_hotspots",
    "playback_id_heatmaps",
    "playback_id_hotspots",
    "video_heatmaps",
    "video_hotspots",
    "subview_timeseries",
)

PARENTS = {
    "asset_inputs": "assets",
    "related_incidents": "incidents",
    "directive_runs": "directives",
}
"""The lists whose records are asked for one by one."""

MONITORING_DIMENSIONS = ("country", "cdn")
"""Those that the simulation has, where Mux has eleven."""

SIZES = (0, 1, 3, 3, 9, 10, 11, 40, 99, 100, 101, 150, 230)
"""How long lists are to begin with."""

MAX_VIEWS = 3000
"""With more views, no more come at once: they might come faster than the tap asks for each."""

JOB_DAYS = 30
"""How long Mux keeps jobs and runs of robots."""


@dataclass
class Limits:
    """What Mux promises, and the tap relies on."""

    late_seconds: int
    """How long after its end a view may arrive, or be reopened."""

    revise_days: int
    """For how many days sums may change."""

    skew: float
    """How far the tap's clock is ahead."""


@dataclass
class World:
    """One environment."""

    seed: int
    chance: random.Random
    environment_id: str
    born: float
    """When the story begins."""

    limits: Limits
    retention_days: int = 100
    tables: dict[str, Table] = field(default_factory=dict)
    lists: tuple[str, ...] = LISTS
    """The lists in which most happens."""

    are_lists_read: bool = True
    are_views_read: bool = True

    series: tuple[str, ...] = SUMS
    """The sums that are revised most."""

    denied: dict[str, int] = field(default_factory=dict)
    """Endpoints that the plan does not include, by the stream they are for; how Mux says so."""

    def __post_init__(self) -> None:
        """Fill the environment with what there is when the story begins."""
        self.sums = Sums(self.seed)
        # A page may have fewer records than it is asked for.
        self.page_cap = (100, 100, 100, 10)[draw(self.seed, "page cap") % 4]
        self.is_start_included = self.chance.random() < 0.5
        self.is_end_included = self.chance.random() < 0.5
        self.are_views_counted = self.chance.random() < 0.8
        names = [*LISTS, "video_views", "directive_runs", "robot_jobs", "annotations"]
        self.tables = {name: Table(name, self.seed) for name in names}
        chance, born = self.chance, self.born
        for name in LISTS:
            ages = [chance.uniform(0, 50) * DAY for _ in range(chance.choice(SIZES))]
            for age in sorted(ages, reverse=True):
                self.tables[name].add(born - age)
        for _ in range(chance.choice((0, 1, 5, 30, 120))):
            self._add_view(born - chance.choice((0.2, 3, 30, 90)) * DAY * chance.random())
        for _ in range(chance.choice((0, 3))):  # the first ones that are kept
            self._add_view(born - self.retention_days * DAY + chance.uniform(0, 4) * DAY)
        for _ in range(chance.choice((0, 3, 120))):
            self.tables["robot_jobs"].add(born - chance.uniform(0, 20) * DAY)
        for _ in range(chance.choice((0, 3, 120))):
            self._add_run(born - chance.uniform(0, 20) * DAY)
        for _ in range(chance.choice((0, 3, 120))):
            self._add_note(born - 1)

    # What may happen.

    def change(self, at: float) -> None:
        """Let something happen."""
        lists, views = (
            4 if is_read else 1 for is_read in (self.are_lists_read, self.are_views_read)
        )
        ways: list[tuple[int, Callable[[float], object]]] = [
            (lists, self._add),
            (lists, self._delete),
            (lists, self._edit),
            (lists, self._replace),
            (2 * views, self._add_view),
            (views, self._add_burst),
            (2 * views, self._reopen),
            (4, self._revise),
            (2, self._change_job),
            (1, self._add_run),
            (1, self._add_note),
        ]
        weights = [weight for weight, _ in ways]
        (way,) = self.chance.choices([way for _, way in ways], weights)
        way(at)

    def pass_time(self, start: float, end: float) -> None:
        """Let things happen between two moments, the more the longer."""
        expected = min(40.0, 2 + (end - start) / HOUR)
        times = [
            self.chance.uniform(start, end) for _ in range(int(self.chance.random() * expected))
        ]
        for at in sorted(times):
            self.change(at)
        self.expire(end)

    def expire(self, at: float) -> None:
        """Let go what Mux does not keep."""
        for name in ("robot_jobs", "directive_runs"):
            for entry in list(self.tables[name].listed):
                if entry.now.moment < at - JOB_DAYS * DAY:
                    self.tables[name].delete(entry, at)

    def change_plan(self, chance: random.Random) -> None:
        """Let the plan include more or less, or keep less."""
        if self.denied and chance.random() < 0.6:
            self.denied.clear()
            return
        if chance.random() < 0.2:
            self.retention_days = min(self.retention_days, chance.choice((31, 7)))
            return
        # What is listed for other streams stays; without whoami there is no run at all.
        names = [*LISTS, *(name for name in SUMS if not name.endswith(("maps", "spots")))]
        names += ["video_views", "robot_jobs", "annotations", "usage_exports", "engagement"]
        names += ["exported_video_views", "monitoring_timeseries", "monitoring_breakdowns"]
        for name in chance.sample(names, 8):
            # 404 of one thing that was watched may mean that it has been deleted.
            self.denied[name] = 403 if name == "engagement" else chance.choice((403, 404))

    def focus_on(self, streams: tuple[str, ...]) -> None:
        """Let most happen where these streams look."""
        asked = {PARENTS.get(name, name) for name in streams}
        self.lists = tuple(name for name in LISTS if name in asked) or LISTS
        self.are_lists_read = self.lists != LISTS
        self.are_views_read = not asked.isdisjoint({"video_views", "video_view_details"})
        self.series = tuple(name for name in SUMS if name in asked) or SUMS

    def _list(self) -> Table:
        names = LISTS if self.chance.random() < 0.1 else self.lists
        return self.tables[self.chance.choice(names)]

    def _add(self, at: float) -> None:
        # Assets are listed newest first; so is what else has the time when it was made.
        table = self._list()
        table.add(at, chance=None if table.name == "assets" else self.chance)

    def _delete(self, at: float) -> None:
        table = self._list()
        if table.listed:
            table.delete(self.chance.choice(table.listed), at)

    def _edit(self, at: float) -> None:
        table = self._list()
        if table.listed:
            self.chance.choice(table.listed).change(at)

    def _replace(self, at: float) -> None:
        """Delete a record and add another one, so that there are as many as before."""
        table = self._list()
        if table.listed:
            table.delete(self.chance.choice(table.listed), at)
            table.add(at, chance=None if table.name == "assets" else self.chance)

    def _add_view(self, at: float) -> None:
        late = self.chance.choice((0.0, 0.05, 0.5, 1.0)) * self.limits.late_seconds
        self.tables["video_views"].add(at, moment=int(at - late))

    def _add_burst(self, at: float) -> None:
        """Add views that end in the same second or close to each other."""
        together = self.chance.random() < 0.5
        end = int(at - self.chance.random() * self.limits.late_seconds)
        if len(self.tables["video_views"].listed) > MAX_VIEWS:
            return
        for number in range(self.chance.choice((2, 5, 60, 101, 130))):
            self.tables["video_views"].add(
                at, moment=end if together else min(end + number % 7, int(at))
            )

    def _reopen(self, at: float) -> None:
        recent = [
            view for view in self.tables["video_views"].listed[:50] if view.now.moment > at - HOUR
        ]
        if recent:
            view = self.chance.choice(recent)
            earliest = max(view.now.moment, int(at - self.limits.late_seconds))
            if earliest < at:
                view.change(at, self.chance.randint(earliest, int(at)))

    def _revise(self, at: float) -> None:
        days = self.limits.revise_days
        first = at + max(0.0, self.limits.skew) - days * DAY
        # The day has to begin within the time for which the tap reads sums again.
        first += -first % DAY
        days_open = [int(first) + number * DAY for number in range(days + 1)]
        series = SUMS if self.chance.random() < 0.1 else self.series
        self.sums.revise(self.chance.choice(series), self.chance.choice(days_open), at)

    def _change_job(self, at: float) -> None:
        jobs = self.tables["robot_jobs"]
        if jobs.listed and self.chance.random() < 0.5:
            self.chance.choice(jobs.listed).change(at, int(at))
        else:
            jobs.add(at)

    def _add_run(self, at: float) -> None:
        directives = self.tables["directives"].listed
        if directives:
            self.tables["directive_runs"].add(at, parent=self.chance.choice(directives).key)

    def _add_note(self, at: float) -> None:
        self.tables["annotations"].add(at, moment=int(at - self.chance.uniform(0, 60) * DAY))

    # What follows from the rest.

    def inputs_of(self, asset: str) -> int:
        """How many inputs an asset has."""
        return draw(self.seed, asset) % 3

    def is_preparing(self, asset: str, at: float) -> bool:
        """Whether Mux is still preparing an asset."""
        seconds = draw(self.seed, asset, "preparing") % 3 * 20 * MINUTE
        return at < self.tables["assets"].entries[asset].created + seconds

    def related_to(self, incident: str) -> list[str]:
        """Return the incidents that look related to one."""
        chosen = draw(self.seed, incident)
        count = 101 if chosen % 50 == 0 else chosen % 3
        return [f"{incident}-{number}" for number in range(count)]

    def watched(self, dimension: str, day: int) -> list[str]:
        """Return what was watched on a day."""
        chosen = draw(self.seed, dimension, day)
        numbers = {(chosen + number) % 5 for number in range(chosen % 3)}
        # Else all that was watched in a week might have been deleted, and the run would fail.
        numbers |= {0} if day % 3 == 0 else set()
        return [f"{dimension}-{self.seed}-{number}" for number in sorted(numbers)]

    def is_missing(self, item: str) -> bool:
        """Whether something that was watched has been deleted."""
        return item.endswith("-4")

    def complete_through(self, at: float) -> int:
        """The last second for which subviews are complete."""
        return int(at - 2 * HOUR) // HOUR * HOUR - 1

    def usage_days(self, at: float) -> range:
        """The days for which there are files of what is billed, or will be."""
        first = int(self.born) // DAY * DAY - 20 * DAY
        return range(first, int(at) // DAY * DAY, DAY)

    def usage_ready_at(self, day: int) -> float:
        """When the file of a day is there."""
        return day + DAY + 8 * HOUR + draw(self.seed, "usage", day) % 12 * HOUR

    def usage_size(self, day: int) -> int:
        """How large the file of a day is."""
        return draw(self.seed, "size", day) % 10_000
