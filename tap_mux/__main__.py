"""Run the tap, as ``tap-mux`` or ``python -m tap_mux``."""

import gc

from tap_mux import ending


def main() -> None:
    """Run the tap by the command line."""
    ending.run(_run)


def _run() -> None:
    # Garbage collection takes a fifth of the time of the imports, and frees nothing of them.
    gc.disable()
    from tap_mux import cli  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
