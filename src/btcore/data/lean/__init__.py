"""Import of QuantConnect LEAN data.

Begin with `importer.import_lean`; `folder` lists the files, `rows` converts them.
"""
