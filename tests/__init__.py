"""Tests: one folder for each package of the tap, and tests of the tap as a whole."""
