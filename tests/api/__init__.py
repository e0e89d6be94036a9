"""Tests of tap_mux/api."""
