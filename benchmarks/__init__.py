"""How fast and how small the tap is, next to others that read the same: `python -m benchmarks`."""
