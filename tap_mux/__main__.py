"""Run the tap, as ``tap-mux`` or ``python -m tap_mux``."""

import _signal  # type: ignore[import-not-found] # `signal` itself takes some time to import
import gc


def main() -> None:
    """Run the tap by the command line."""
    # Until `ending` is imported, Ctrl-C ends the program without the traceback of an import.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from tap_mux import ending  # noqa: PLC0415

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
