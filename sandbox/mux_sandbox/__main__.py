"""The command mux-sandbox: runs another command against a Mux API on loopback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from mux_sandbox import child
from mux_sandbox.sandbox import Sandbox
from mux_sandbox.world import GeneratedWorld

if TYPE_CHECKING:
    from types import FrameType


@click.command(
    context_settings={"allow_interspersed_args": False, "show_default": True},
    options_metavar="[OPTIONS]",
)
@click.option("--serve", is_flag=True, help="Only serve, until Ctrl-C, and print the settings.")
@click.option("--port", default=0, metavar="PORT", help="Port to serve on; 0 takes a free one.")
@click.option("--seed", default=1, help="Another number makes another world.")
@click.option("--assets", default=3000, help="About how many assets there are.")
@click.option("--views-per-day", default=400, help="About how many views there are each day.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND [ARGS]...]")
def main(
    *,
    serve: bool,
    port: int,
    seed: int,
    assets: int,
    views_per_day: int,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND against a small Mux API on this machine.

    COMMAND finds the settings of the API in TAP_MUX_API_URL, TAP_MUX_TOKEN_ID and
    TAP_MUX_TOKEN_SECRET, and MELTANO_ENVIRONMENT is sandbox. Its exit code is passed on.

    The API serves a made-up environment. Its past is the same each time; time adds new things.
    """
    if serve == bool(command):
        message = "give either a command to run, or --serve"
        raise click.UsageError(message)
    world = GeneratedWorld(seed=seed, assets=assets, views_per_day=views_per_day)
    try:
        sandbox = Sandbox(world, port=port).__enter__()
    except OSError as error:
        message = f"cannot serve on port {port}: {os.strerror(error.errno or 0)}"
        raise click.ClickException(message) from error
    try:
        code = _serve(sandbox) if serve else _run(command, sandbox)
    finally:
        sandbox.__exit__()
    sys.exit(code)


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
        return child.run(command, {**direct, **meltano, **sandbox.environ})
    except FileNotFoundError:
        click.echo(f"mux-sandbox: {command[0]}: command not found", err=True)
        return child.NOT_FOUND
    except OSError as error:
        click.echo(f"mux-sandbox: {command[0]}: {error.strerror}", err=True)
        return child.NOT_EXECUTABLE


if __name__ == "__main__":
    main()
