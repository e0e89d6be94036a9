"""A story: a world, and runs of the tap one after another, all from one seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.checks import BrokenPromiseError, Model
from tests.simulation.costs import most_of_all
from tests.simulation.duties import DUTIES
from tests.simulation.mux.faults import KINDS, Faults
from tests.simulation.mux.server import Server, secret_of
from tests.simulation.run import KILLS, Facts, Kill, make_scheduler, run_tap
from tests.simulation.target import Target
from tests.simulation.truth import DAY, HOUR, MINUTE
from tests.simulation.wire import iso
from tests.simulation.world import Limits, World

BIRTHDAY = 1_772_000_000
METRICS: list[dict[str, Any]] = [
    {"metric": "views", "group_by": ["country"]},
    {"metric": "playing_time", "group_by": ["browser", "cdn"]},
]
PAUSES = (0.0, 30.0, 10 * MINUTE, HOUR, 5 * HOUR, DAY, DAY, 3 * DAY, 9 * DAY)
SKEWS = (0.0, 0.0, 0.0, -2.0, 2.0, 50.0, -90.0, 900.0, -5000.0, 7200.0)
"""How far the tap's clock may be ahead."""

FILTER = {"video_views": {"filters[]": ["country:DE"]}}
RATES = (0.0, 0.0, 0.02, 0.1, 0.3)
CHANGE_RATES = (0.0, 0.0, 0.1, 0.5, 0.75)


@dataclass
class Tally:
    """What happened in stories so far."""

    runs: Counter[str] = field(default_factory=Counter)
    """By how they ended."""

    requests: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    seconds: float = 0.0
    """Virtual time in runs."""

    def add(self, facts: Facts) -> None:
        """Count a run."""
        self.runs[facts.end.partition(":")[0]] += 1
        self.requests += facts.requests
        self.messages += len(facts.messages)
        self.seconds += facts.ended - facts.began


class Story:
    """Worlds, a server and a target, and what the tap did to them so far."""

    def __init__(
        self, seed: int, tally: Tally | None = None, streams: tuple[str, ...] = ()
    ) -> None:
        """Begin a story.

        Args:
            seed: Decides all that happens.
            tally: Counts it.
            streams: What all runs read; chance chooses without it.
        """
        self._only = streams
        chance = self.chance = random.Random(seed)
        self.seed = seed
        self.tally = tally or Tally()
        self.told: list[str] = []
        """What happened, for the reader of a failure."""
        self.incremental = frozenset({"assets"} if chance.random() < 0.4 else ())
        """What the catalog makes incremental."""

        self.read: set[str] = set()
        """The streams that were selected in any run."""

        born = BIRTHDAY + chance.randrange(300 * DAY) + chance.random()
        skew = chance.choice(SKEWS)
        self.lookback_seconds = chance.choice((0, 600, 7200, 7200))
        self.lookback_days = chance.choice((0, 1, 2, 2))
        late = max(0, self.lookback_seconds - 60)
        limits = Limits(late, self.lookback_days, skew)
        retention = chance.choice((100, 100, 100, 31, 7))
        names = ["one", "two"] if chance.random() < 0.25 else ["one"]
        self.worlds = {
            f"id-{name}": World(
                draw, random.Random(draw), f"env-{name}", born, limits, retention_days=retention
            )
            for name, draw in ((name, chance.randrange(1 << 30)) for name in names)
        }
        self.limits = limits
        self.scheduler = make_scheduler(chance.randrange(1 << 30), born)
        self.faults = Faults(random.Random(chance.randrange(1 << 30)), self.scheduler, 0.0, ())
        self.server = Server(
            self.scheduler,
            random.Random(chance.randrange(1 << 30)),
            self.worlds,
            self.faults,
            bucket_size=chance.choice((20, 100, 100, 1000)),
            others=chance.choice((0.0, 0.0, 0.3, 0.8)),
            announces=chance.random() < 0.7,
            compresses=chance.random() < 0.5,
        )
        self.target = Target(chance.choice((1, 1, 1, 3)))
        self.model = Model({world.environment_id: world for world in self.worlds.values()})
        self.streams = self._some_streams(chance)
        self.config = self._first_config(names, born)
        self._tell(f"streams {', '.join(self.streams)}; settings {self.config}")
        self._tell(f"incremental {sorted(self.incremental)}; the clock is {skew} seconds ahead")

    def _first_config(self, names: list[str], born: float) -> dict[str, Any]:
        chance = self.chance
        access: dict[str, Any] = {"token_id": "id-one", "token_secret": secret_of("id-one")}
        if len(names) > 1:
            access = {
                "environments": [
                    {
                        "name": name,
                        "token_id": f"id-{name}",
                        "token_secret": secret_of(f"id-{name}"),
                    }
                    for name in names
                ]
            }
        granularity = chance.choice(("day", "day", "hour"))
        config = {
            **access,
            "progress_seconds": 0,
            "lookback_seconds": self.lookback_seconds,
            "lookback_days": self.lookback_days,
            "max_attempts": chance.choice((1, 3, 8)),
            "request_timeout_seconds": chance.choice((5, 60)),
            "max_concurrency": chance.choice((1, 2, 8)),
            "assets_lookback_days": chance.choice((0, 1, 7)),
            "dimensions": chance.choice((["country"], ["browser", "video_cdn_trace"])),
            "metrics": [{**each, "granularity": granularity} for each in METRICS],
            "emit_activate_version_messages": chance.random() < 0.5,
            "include_credentials": chance.random() < 0.1,
            "keep_unknown_fields": chance.random() < 0.1,
        }
        if granularity == "hour":
            config["start_date"] = iso(born - chance.choice((0.5, 2)) * DAY)
        elif chance.random() < 0.75:
            days = chance.choice((0.5, 2, 6, 6, 12))
            config["start_date"] = iso(born - days * DAY)
        return config

    def _some_streams(self, chance: random.Random) -> tuple[str, ...]:
        names = sorted(DUTIES)
        # Twenty seeds in a row have each stream, besides those by chance.
        own = [names[(2 * self.seed + number) % len(names)] for number in range(2)]
        chosen = [*own, *chance.sample(names, chance.choice((0, 0, 2, 4, 7)))]
        found = self._only or tuple(dict.fromkeys(chosen))
        self.read |= set(found)
        for world in self.worlds.values():
            world.focus_on(found)
        return found

    def _tell(self, text: str) -> None:
        self.told.append(f"{self.scheduler.now:.1f} {text}")

    # The rules.

    def pass_time(self, chance: random.Random) -> None:
        """Let some time pass, in which things happen in the worlds."""
        start = self.scheduler.now
        end = start + chance.choice(PAUSES) * chance.uniform(0.5, 1.5)
        if chance.random() < 0.1:
            end += DAY - end % DAY - chance.uniform(0, 30)  # midnight comes soon
        self.scheduler.now = end
        for world in self.worlds.values():
            world.pass_time(start, end)
        self._tell(f"{end - start:.0f} seconds pass")

    def change_settings(self, chance: random.Random) -> None:
        """Change a setting."""
        match chance.randrange(6):
            case 0:
                self.streams = self._some_streams(chance)
                self._tell(f"streams {', '.join(self.streams)}")
            case 1:
                self.config["max_concurrency"] = chance.choice((1, 2, 8))
                self._tell(f"max_concurrency {self.config['max_concurrency']}")
            case 2:
                name = "emit_activate_version_messages"
                self.config[name] = not self.config[name]
                self._tell(f"{name} {self.config[name]}")
            case 3:
                end = self.scheduler.now - chance.uniform(0, 2) * DAY
                self.config.pop("end_date", None)
                if chance.random() < 0.5 and iso(end) > self.config.get("start_date", ""):
                    self.config["end_date"] = iso(end)
                self._tell(f"end_date {self.config.get('end_date')}")
            case 4:
                if self.config.pop("stream_params", None) is None:
                    self.config["stream_params"] = FILTER
                self._tell(f"stream_params {self.config.get('stream_params')}")
            case 5:
                for world in self.worlds.values():
                    world.change_plan(chance)
                    self._tell(
                        f"{world.environment_id} keeps {world.retention_days} days; "
                        f"not in the plan: {world.denied}"
                    )

    def run(self, chance: random.Random, *, is_calm: bool = False) -> Facts:
        """Run the tap, and check what it promises.

        Args:
            chance: Chooses what goes wrong.
            is_calm: Whether nothing does, nor changes.
        """
        self.faults.rate = 0.0 if is_calm else chance.choice(RATES)
        self.faults.kinds = tuple(chance.sample(KINDS, chance.choice((1, 3, len(KINDS)))))
        self.faults.storm_until = 0.0
        self.server.change_rate = 0.0 if is_calm else chance.choice(CHANGE_RATES)
        kill = None
        if not is_calm and chance.random() < 0.3:
            message = int(chance.random() ** 2 * chance.choice((20, 200, 2000)))
            kill = Kill(message, chance.choice(KILLS)())
        self.server.log.clear()
        self.scheduler.now += 1  # versions of tables are seconds
        config = {**self.config}
        if "video_views" not in self.streams:
            config.pop("stream_params", None)  # they name streams that the tap has
        facts = run_tap(
            self.scheduler,
            self.server,
            self.target,
            config=config,
            streams=self.streams,
            skew=self.limits.skew,
            incremental=self.incremental,
            kill=kill,
        )
        self.tally.add(facts)
        is_lost = facts.end in {"killed", "no target"} and chance.random() < 0.7
        self.target.end(is_killed=is_lost)
        self._tell(
            f"run: {facts.end}, {sum(facts.requests.values())} requests, "
            f"{len(facts.messages)} messages, faults {self.faults.rate}, "
            f"changes {self.server.change_rate}, lost {is_lost}"
        )
        self.model.check(facts, self.target, is_lost=is_lost)
        if is_calm:
            most = sum(most_of_all(world, facts) for world in self.worlds.values())
            if facts.requests.total() > most:
                text = f"more than {most} requests: {dict(facts.requests)}"
                raise BrokenPromiseError(text)
        is_denied = any(world.denied for world in self.worlds.values())
        tries = self.config["max_attempts"]
        # Where nothing is announced, a few 429 in a row are chance.
        is_starved = not self.server.announces and (self.server.others or tries < 8)
        # The only record with children may be deleted after it was listed.
        is_gone = self.server.change_rate and "An earlier run could read it" in facts.end
        is_disturbed = self.faults.rate or kill or is_denied or is_starved or is_gone
        is_easy = not is_disturbed and tries > 1
        if is_easy and not facts.is_complete:
            text = f"nothing went wrong, but the run ended so: {facts.end}"
            raise BrokenPromiseError(text)
        return facts

    def end(self) -> None:
        """Let a run come to its end without trouble: it has to make all good."""
        self.config["max_attempts"] = 8
        self.server.others = 0.0
        for world in self.worlds.values():
            world.denied.clear()
        self.run(self.chance, is_calm=True)


def play(seed: int, tally: Tally | None = None, streams: tuple[str, ...] = ()) -> Story:
    """Play the story of a seed; see ``Story``."""
    story = Story(seed, tally, streams)
    chance = story.chance
    try:
        for _ in range(chance.choice((2, 4, 7))):
            rule = chance.choice((story.run, story.run, story.pass_time, story.change_settings))
            rule(chance)
        story.end()
    except BaseException as error:
        error.add_note("\n".join([f"seed {seed}", *story.told]))
        raise
    finally:
        story.tally.faults += story.faults.counts
    return story
