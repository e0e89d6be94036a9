"""What tests share: running the tap, example records, loaders."""
