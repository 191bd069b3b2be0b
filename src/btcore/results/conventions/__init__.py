"""Figures by the names and formulas of other packages; each module is one of them."""
