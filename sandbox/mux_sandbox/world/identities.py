"""Ids that assets point to."""

from __future__ import annotations

from mux_sandbox.world.dice import Dice

RECORDING_STREAMS = 5
"""So many live streams record shows; others are never used."""

DRM_CONFIGURATIONS = 2
DIRECTIVES = 5


def live_stream_id(seed: int, number: int) -> str:
    """Give the id of a live stream, counted from 1."""
    return Dice(seed, "live stream", number).identifier()


def drm_configuration_id(seed: int, number: int) -> str:
    """Give the id of a DRM configuration, counted from 1."""
    return Dice(seed, "drm", number).identifier()


def directive_id(seed: int, number: int) -> str:
    """Give the id of a directive, counted from 1."""
    return f"drv_{Dice(seed, 'directive', number).identifier(24)}"
