"""Tests of tap_mux/run."""
