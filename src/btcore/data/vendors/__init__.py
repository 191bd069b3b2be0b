"""Layouts of the files of known vendors: what the option `format` names.

Begin with `layout`, which says what a layout is. The modules `crypto`, `forex`, `stocks`, `feeds` and
`packages` have the layouts, `registry` lists them, and `choice` finds that of a file.
"""
