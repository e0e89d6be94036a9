"""The settings, and the words of Mux that they may use."""
