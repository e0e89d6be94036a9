"""Tests of tap_mux/streams/periodic.py."""
