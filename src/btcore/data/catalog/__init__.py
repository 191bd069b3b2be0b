"""The catalog: one folder of memory-mapped columns for each dataset."""
