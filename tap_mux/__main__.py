"""Run the tap, as ``tap-mux`` or ``python -m tap_mux``."""

import gc


def main() -> None:
    """Run the tap by the command line."""
    # What is imported stays: garbage collection need not look through it, neither meanwhile, when
    # that takes a fifth of the time to start, nor later, when many records cause it.
    gc.disable()
    from tap_mux.tap import TapMux  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    TapMux.cli()


if __name__ == "__main__":
    main()
