"""btcore beside its peers: the same runs on both sides. `scripts/compare` runs it; it is not shipped."""
