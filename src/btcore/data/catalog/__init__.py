"""The catalog: a folder of memory-mapped columns, one sub-folder per dataset, and an index.

Begin with `catalog.Catalog`; `storage` writes the files, `datasets` converts between containers and index
entries.
"""

from .catalog import Catalog

__all__ = ["Catalog"]
