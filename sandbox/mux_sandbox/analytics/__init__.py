"""What Mux Data works out from views: dimensions, filters, metrics and windows of time."""
