"""The sample market: synthetic data that a seed determines."""
