"""The same runs in btcore and in other packages, compared by `scripts/compare`. Not part of a wheel."""
