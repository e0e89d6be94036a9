"""Which requests it takes to read a list or a range of time, complete and in order."""
