"""Readers of files: `read` returns one container, `scan` yields a large CSV or Parquet file in pieces.

Begin with `read.read_csv`. `build` turns a table into a container and puts file and line into errors.
"""
