"""Inspection: what a careful person would look at before data are used.

Begin with `inspecting.inspect`. `opening` gives the datasets, `checks` calls what looks at each of them:
`times` (gaps), `sessions`, `jumps`, `prices`, `ticks`. `report` has the results, `names` all findings.
"""
