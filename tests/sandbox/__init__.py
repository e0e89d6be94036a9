"""The sandbox keeps its promises over real HTTP; all other tests rely on that."""
