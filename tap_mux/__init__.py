"""Singer tap for Mux: Mux Video and Mux Data, complete and incremental."""
