"""Run the tap, as ``tap-mux`` or ``python -m tap_mux``."""

import _signal  # type: ignore[import-not-found] # `signal` itself takes some time to import
import gc
import os


def main() -> None:
    """Run the tap by the command line."""
    # During the imports there is nothing to write, so a signal ends the program at once. Raising an
    # error would not do: Python prints and forgets it if it comes within a callback of the imports.
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, lambda told, _: os._exit(128 + told))
    # Garbage collection takes a fifth of the time of the imports, and frees nothing of them.
    gc.disable()
    from tap_mux import cli, ending  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    ending.run(cli.main)


if __name__ == "__main__":
    main()
