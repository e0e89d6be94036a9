"""The others: programs that read the same from the same server, each run as its own process."""
