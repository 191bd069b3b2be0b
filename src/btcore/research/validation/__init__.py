"""Walk-forward, purged k-fold and combinatorial purged cross-validation."""
