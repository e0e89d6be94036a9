"""Time, CPU and memory of the tap and of other programs: `python -m benchmarks`."""
