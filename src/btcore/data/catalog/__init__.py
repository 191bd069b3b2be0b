"""The catalog: a folder of memory-mapped columns, one sub-folder per dataset, and an index.

Begin with `catalog.Catalog`. `index` replaces the index atomically, `storage` writes the folders, `pieces`
writes data larger than memory, and `datasets` converts between containers and entries of the index.
"""

from .catalog import Catalog

__all__ = ["Catalog"]
