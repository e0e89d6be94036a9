"""States in each form that the tap has written, and what a run makes of them."""
