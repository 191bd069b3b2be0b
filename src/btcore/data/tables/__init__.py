"""A table of another package or of a file -> the columns of a container.

Begin with `frames`. `table` opens a table, `names` finds its columns; the others convert and clean them.
"""
