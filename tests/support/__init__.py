"""Helpers of the tests: run the tap, a client, example records, loaders."""
