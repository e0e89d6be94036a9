"""Tests of tap_mux/reading."""
