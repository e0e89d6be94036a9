"""Tests of tap_mux/streams."""
