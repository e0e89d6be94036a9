"""Mux on Dagster: what is too much for one run is split by environment and by UTC day.

Each environment has a pool of its name. It bounds how many runs read the environment at once, and
these share its requests. README.md says how to run and change this.
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from tables import Tables

OUTPUT = Path(os.environ.get("MUX_OUTPUT", "output/dagster"))
FIRST_DAY = os.environ.get("MUX_FIRST_DAY", "2026-01-01")
RETRY_SECONDS = float(os.environ.get("MUX_RETRY_SECONDS", "60"))

REQUESTS_PER_SECOND = float(os.environ.get("MUX_REQUESTS_PER_SECOND", "4.5"))
"""To each part of the API, of all runs together. Mux allows 5, and others need some."""

DAYS_AGAIN = 3
"""How many days are read each night: the last one, and those that Mux may have changed since."""

NOT_BY_DAY = ("monitoring_", "robot_jobs", "directive_runs")
"""Streams with a bookmark that are not read by day: Mux does not keep them, or changes them."""

DAYS = dg.DailyPartitionsDefinition(FIRST_DAY, timezone="UTC")
RETRIES = dg.RetryPolicy(
    max_retries=3, delay=RETRY_SECONDS, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
TAP = ["tap-mux", "--config", "ENV"]
CATALOG = json.loads(subprocess.check_output([*TAP, "--discover"]))
ROOTS = {
    entry["stream"]: next(part["metadata"] for part in entry["metadata"] if not part["breadcrumb"])
    for entry in CATALOG["streams"]
}
"""What the catalog says of each stream as a whole."""

STREAMS = os.environ.get("MUX_STREAMS", "").split() or [
    stream for stream, root in ROOTS.items() if root["selected-by-default"]
]
BY_DAY = [
    stream
    for stream in STREAMS
    if "replication-key" in ROOTS[stream] and not stream.startswith(NOT_BY_DAY)
]
ENVIRONMENTS = json.loads(os.environ.get("TAP_MUX_ENVIRONMENTS") or '[{"name": "mux"}]')

Results = Iterator[dg.MaterializeResult[None]]


def read_mux(settings: Mapping[str, str], streams: Collection[str], messages: Path) -> list[str]:
    """Run the tap without a state; return the messages of its log.

    Args:
        settings: Settings, as environment variables.
        streams: What to read.
        messages: Where to write what the tap writes.

    Raises:
        Failure: The tap could not read all.
    """
    for stream, root in ROOTS.items():
        root["selected"] = stream in streams
    catalog = messages.with_name("catalog.json")
    catalog.write_text(json.dumps(CATALOG))
    command = [*TAP, "--catalog", str(catalog)]
    log = []
    with (
        messages.open("wb") as output,
        subprocess.Popen(
            command, env=settings, stdout=output, stderr=subprocess.PIPE, text=True
        ) as tap,
    ):
        try:
            for line in tap.stderr or ():
                sys.stderr.write(line)  # Dagster shows it while the run goes on
                log.append(line.rstrip().split(" | ", 3)[-1])
        except BaseException:  # the run is cancelled
            tap.terminate()
            raise
    if tap.returncode:
        raise dg.Failure(log[-1] if log else None, metadata={"log": as_it_is(log[-50:])})
    return log


def as_it_is(lines: Sequence[str]) -> dg.MetadataValue:
    """Return metadata that shows lines as they are."""
    return dg.MetadataValue.md("\n".join(("```", *lines, "```")))


def runs_at_once(instance: dg.DagsterInstance, pool: str) -> int:
    """Return the limit of a pool; 0 if it has none."""
    limits = {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}
    return limits.get(pool, instance.global_op_concurrency_default_limit) or 0


def load(
    context: dg.AssetExecutionContext, environment: Mapping[str, str], *, by_day: bool
) -> Results:
    """Read the selected streams of an environment, and write their tables.

    Args:
        context: What Dagster asks for.
        environment: The name of the environment, and its access token.
        by_day: Whether to read the days of the run, rather than all that there is.
    """
    name = environment["name"]
    runs = runs_at_once(context.instance, name)
    if not runs:
        text = f"The pool {name} has no limit, so the requests a second cannot be shared"
        raise dg.Failure(text, allow_retries=False)
    settings = {
        **{key: value for key, value in os.environ.items() if key != "TAP_MUX_ENVIRONMENTS"},
        **{f"TAP_MUX_{key.upper()}": value for key, value in environment.items()},
        "TAP_MUX_FAIL_ON_UNAVAILABLE": "true",
        "TAP_MUX_LOGLEVEL": "INFO",  # the checks read the numbers in the log
        "TAP_MUX_MAX_REQUESTS_PER_SECOND": str(REQUESTS_PER_SECOND / runs),
    }
    if by_day:  # has_partition_key would not tell: it is False in a run for several days
        settings["TAP_MUX_START_DATE"] = context.partition_time_window.start.isoformat()
        settings["TAP_MUX_END_DATE"] = context.partition_time_window.end.isoformat()
    assets = {key.path[-1]: key for key in context.selected_asset_keys}
    with TemporaryDirectory() as folder:
        messages = Path(folder, "messages.jsonl")
        log = read_mux(settings, assets, messages)
        with Tables(messages) as tables:
            for key in assets.values():
                yield write(
                    context, tables, key, context.partition_keys if by_day else (None,), log
                )


def write(
    context: dg.AssetExecutionContext,
    tables: Tables,
    key: dg.AssetKey,
    days: Sequence[str | None],
    log: Sequence[str],
) -> dg.MaterializeResult[None]:
    """Write the table of a stream: a file for each day, or one for all.

    Args:
        context: What Dagster asks for.
        tables: What the tap has written.
        key: The asset, named for its stream.
        days: The days; None for all.
        log: The log of the tap.
    """
    stream = key.path[-1]
    replaced = tables.load(stream)
    rows = kept = 0
    for day in days:
        path = OUTPUT.joinpath(*key.path, f"{day or 'all'}.parquet")
        if day is None:
            kept = tables.keep(path)
        in_file = tables.write(path, day)
        rows += in_file
        name = "dagster/partition_row_count" if day else "dagster/row_count"
        context.add_asset_metadata({name: in_file, "path": str(path)}, key, day)
    metrics = [json.loads(line[8:]) for line in log if line.startswith("METRIC: ")]
    counted = next(
        metric["value"]
        for metric in reversed(metrics)  # the last one is the total
        if metric["metric"] == "record_count" and metric["tags"]["stream"] == stream
    )
    numbers = {"records of the tap": counted, "rows": rows, "replaced": replaced, "kept": kept}
    table = max(number for number, line in enumerate(log) if line.startswith("stream  "))
    return dg.MaterializeResult(
        asset_key=key,
        metadata={"run of the tap": as_it_is(log[table:])},
        check_results=[
            dg.AssetCheckResult(
                passed=counted == rows + replaced - kept,
                check_name="row_count",
                asset_key=key,
                metadata=numbers,
            )
        ],
    )


def assets_of(environment: Mapping[str, str], *, by_day: bool) -> dg.AssetsDefinition:
    """Return the streams of an environment that are read by day, or the others."""
    name = environment["name"]
    streams = [stream for stream in STREAMS if (stream in BY_DAY) == by_day]
    schemas = {entry["stream"]: entry["schema"] for entry in CATALOG["streams"]}

    @dg.multi_asset(
        name=f"read_{name}_{'days' if by_day else 'now'}",
        specs=[
            dg.AssetSpec([name, stream], description=schemas[stream]["description"])
            for stream in streams
        ],
        check_specs=[dg.AssetCheckSpec("row_count", asset=[name, stream]) for stream in streams],
        can_subset=True,
        partitions_def=DAYS if by_day else None,
        backfill_policy=dg.BackfillPolicy.single_run() if by_day else None,
        pool=name,
        retry_policy=RETRIES,
        group_name=name,
    )
    def assets(context: dg.AssetExecutionContext) -> Results:
        yield from load(context, environment, by_day=by_day)

    return assets


def definitions_of(environment: Mapping[str, str]) -> dg.Definitions:
    """Return the assets, jobs and schedules of an environment."""
    name = environment["name"]
    days, now = assets_of(environment, by_day=True), assets_of(environment, by_day=False)
    days_job = dg.define_asset_job(f"{name}_days", [days])
    now_job = dg.define_asset_job(f"{name}_now", [now])

    @dg.schedule(job=days_job, cron_schedule="0 4 * * *", name=f"{name}_last_days")
    def last_days(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        night = context.scheduled_execution_time
        for day in DAYS.get_partition_keys(night)[-DAYS_AGAIN:]:
            yield dg.RunRequest(run_key=f"{night:%F} {day}", partition_key=day)

    return dg.Definitions(
        [days, now],
        schedules=[last_days, dg.ScheduleDefinition(job=now_job, cron_schedule="0 5,17 * * *")],
        jobs=[days_job, now_job],
        executor=dg.in_process_executor,  # a run has one step
    )


defs = dg.Definitions.merge(*map(definitions_of, ENVIRONMENTS))
