"""A whole twin moved: copied from one place for graphs to another, backed up into one file, and restored from it.

archive    the file: what lies in it, and how it is told that it is whole
backup     a twin into a file, while it is served
restore    a file into a twin, which begins a new timeline
copying    a graph from one place to another, the same twin afterwards
"""

from __future__ import annotations

from twin.engine.moving.archive import Manifest, check
from twin.engine.moving.backup import backup
from twin.engine.moving.copying import Copied, copy
from twin.engine.moving.restore import Restored, restore

__all__ = ["Copied", "Manifest", "Restored", "backup", "check", "copy", "restore"]
