"""Results of a run: tables, metrics, export, report."""
