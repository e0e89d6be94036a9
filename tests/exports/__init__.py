"""The stream exported_video_views: every row of every daily file, typed, and never cut short."""
