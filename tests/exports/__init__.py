"""Tests of the stream exported_video_views and of tap_mux/exports."""
