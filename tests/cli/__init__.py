"""Tests of the tap as a program."""
