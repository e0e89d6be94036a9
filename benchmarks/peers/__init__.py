"""The programs that the tap is compared with; each runs as its own process."""
