"""Import of QuantConnect LEAN data.

Begin with `importer.import_lean`; `folder` lists the files, `rows` converts them.
"""

from .importer import Imported, import_lean

__all__ = ["Imported", "import_lean"]
