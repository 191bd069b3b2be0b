"""Search, validation and stress of strategies: many runs, and what they say about each other."""
