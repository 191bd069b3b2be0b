"""Results of a run: journal, tables, metrics, export, files, report.

Begin with `result.Result`; `tables` makes its tables from the `journal` of records.
"""
