"""Which words may be spoken, shown and painted."""
