"""Which parameter sets a sweep plays: the values of each parameter, the methods that choose, constraints.

Begin with `ranges` (what a parameter may be) and `method` (the interface `Search`, and `make_search`).
"""
