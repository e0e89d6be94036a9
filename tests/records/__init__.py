"""Tests of tap_mux/records."""
