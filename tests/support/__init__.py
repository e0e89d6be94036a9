"""What tests share: running the tap, a client, example records, loaders."""
