"""The command mux-sandbox: runs another command against a Mux API on loopback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from mux_sandbox import child, meltano_log
from mux_sandbox.arguments import Command, Refused, count, rate, seconds, shares
from mux_sandbox.errors import made_up
from mux_sandbox.families import FAMILIES
from mux_sandbox.faults import Answer
from mux_sandbox.options import SandboxOptions
from mux_sandbox.sandbox import Sandbox
from mux_sandbox.world import GeneratedWorld
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from mux_sandbox.families import Family
    from mux_sandbox.options import RateLimit
    from mux_sandbox.request_log import RequestRecord

MELTANO_LOG = ("MELTANO_CLI_LOG_CONFIG", "MELTANO_CLI_LOG_FORMAT")
"""Settings of Meltano that say how its log looks."""


@click.command(
    cls=Command,
    context_settings={"allow_interspersed_args": False, "show_default": True},
    options_metavar="[OPTIONS]",
)
@click.option("--serve", is_flag=True, help="Only serve, until Ctrl-C, and print the settings.")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to serve on; 0 takes a free one.",
)
@click.option("--seed", default=1, help="Another number makes another world.")
@count("--assets", 3000, click.IntRange(0), "About how many assets there are.")
@count("--views", 400, click.IntRange(0), "About how many views there are each day.")
@count("--days", 100, click.IntRange(1, 1000), "For how many days views are kept.")
@click.option(
    "--latency",
    default="0",
    callback=seconds,
    metavar="SECONDS",
    help="How long each answer takes, such as 0.15.",
)
@click.option(
    "--rate-limit",
    callback=rate,
    metavar="REQUESTS:PER_SECOND",
    help="How many requests each part of the API takes at once, and how many more come each"
    " second, such as 20:5. Mux has 5 a second, and 1 for monitoring.",
)
@click.option(
    "--deny",
    multiple=True,
    type=click.Choice(FAMILIES),
    help="A part of the API that the access token may not read; with data, monitoring is denied,"
    " too. Can be repeated.",
)
@click.option(
    "--faults",
    multiple=True,
    callback=shares,
    metavar="STATUS:SHARE",
    help="A status, and the share of requests that are answered with it at random, such as"
    " 429:0.05. Can be repeated.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND [ARGS]...]")
def main(
    *,
    serve: bool,
    port: int,
    seed: int,
    assets: int,
    views: int,
    days: int,
    latency: float,
    rate_limit: RateLimit | None,
    deny: tuple[Family, ...],
    faults: list[tuple[int, float]],
    command: tuple[str, ...],
) -> None:
    """Run COMMAND against a small Mux API on this machine.

    COMMAND finds the settings of the API in TAP_MUX_API_URL, TAP_MUX_TOKEN_ID and
    TAP_MUX_TOKEN_SECRET, and MELTANO_ENVIRONMENT is sandbox. Its exit code is passed on.

    The API serves a made-up environment. Its past is the same each time; time adds new things.
    """
    if serve == bool(command):
        message = "Give either a command to run, or --serve."
        raise Refused(message)
    denied = {*deny, *(("monitoring",) if "data" in deny else ())}
    options = SandboxOptions(retention_days=days, denied=frozenset(denied), latency_seconds=latency)
    if rate_limit:
        options.rate_limits = dict.fromkeys(FAMILIES, rate_limit)
    world = GeneratedWorld(seed=seed, assets=assets, views_per_day=views)
    prepared = Sandbox(world, options, port=port)
    for status, share in faults:
        error = made_up(status)
        dice = Dice(seed, "faults", status)
        prepared.faults.add(
            _now_and_then(share, dice), None, action=Answer(error.status, error.body)
        )
    try:
        sandbox = prepared.__enter__()
    except OSError as error:
        message = f"cannot serve on port {port}: {os.strerror(error.errno or 0)}"
        raise click.ClickException(message) from error
    try:
        code = _serve(sandbox) if serve else _run(command, sandbox)
    finally:
        sandbox.__exit__()
    sys.exit(code)


def _now_and_then(share: float, dice: Dice) -> Callable[[RequestRecord], bool]:
    return lambda _: dice.chance(share)


def _serve(sandbox: Sandbox) -> int:
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    for name, value in sandbox.environ.items():
        click.echo(f"export {name}={value}")
    stop.wait()
    return 0


def _run(command: tuple[str, ...], sandbox: Sandbox) -> int:
    try:
        # Without NO_PROXY, the command might ask a proxy for loopback.
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
        meltano = {"MELTANO_ENVIRONMENT": "sandbox"}
        if os.environ.keys().isdisjoint(MELTANO_LOG):
            meltano["MELTANO_CLI_LOG_CONFIG"] = str(meltano_log.CONFIG)
        return child.run(command, {**direct, **meltano, **sandbox.environ})
    except FileNotFoundError:
        click.echo(f"mux-sandbox: {command[0]}: command not found", err=True)
        return child.NOT_FOUND
    except OSError as error:
        click.echo(f"mux-sandbox: {command[0]}: {error.strerror}", err=True)
        return child.NOT_EXECUTABLE


if __name__ == "__main__":
    main()
