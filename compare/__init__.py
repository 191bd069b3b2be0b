"""The same runs in btcore and in its peers, compared by `scripts/compare`. Not part of a wheel."""
