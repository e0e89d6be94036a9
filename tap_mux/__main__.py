"""Run the tap as ``python -m tap_mux``."""

from tap_mux.tap import TapMux

if __name__ == "__main__":
    TapMux.cli()
