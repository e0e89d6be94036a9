"""Tests: one file or folder for each room of the tap, and the whole of it end to end."""
