"""Results of a run: journal, tables, metrics, export, files, report."""
