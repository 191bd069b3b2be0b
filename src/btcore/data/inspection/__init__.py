"""Inspection: what a careful person would look at before data are used.

Begin with `inspecting.inspect`. `opening` gives the datasets, `checks` calls what looks at each of them:
`prices`, `jumps`, `times`, `sessions`, `ticks`. `report` has the results, `names` the list of all findings.
"""
