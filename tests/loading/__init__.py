"""Tests with Meltano and real loaders."""
