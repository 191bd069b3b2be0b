"""An export: a folder with a file for each dataset and `export.json`, which says what each is.

`manifest` is that file, `writing` writes a folder and `reading` reads it back in pieces.
"""
