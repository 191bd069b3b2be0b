"""Inspection: what may be wrong in data, found before they are used.

Begin with `inspecting.inspect`. `opening` gives the datasets, `checks` calls what looks at each of them:
`times` (gaps), `sessions`, `jumps`, `prices`, `ticks`. `report` has the results, `names` all findings.
"""
