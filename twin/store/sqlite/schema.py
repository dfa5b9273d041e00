"""The tables of the file."""

from __future__ import annotations

import re

__all__ = ["NAMES", "SCHEMA", "VERSION"]

VERSION = 2
"""2: relations say roles; the log is known by entity, and may be trimmed to a base."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entities (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, type TEXT NOT NULL, site TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL, body TEXT NOT NULL, born INTEGER);
CREATE TABLE IF NOT EXISTS relations (
  source TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, instance TEXT, roles TEXT,
  PRIMARY KEY (source, target, type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS relations_by_target ON relations (target);
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, op_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS states (
  entity TEXT NOT NULL, point TEXT NOT NULL, value TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL,
  "order" TEXT NOT NULL, PRIMARY KEY (entity, point)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watermark (
  one INTEGER PRIMARY KEY CHECK (one = 1), journal TEXT NOT NULL, offset INTEGER NOT NULL, counters TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS about (
  entity TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (entity, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS base_entities (id TEXT PRIMARY KEY, path TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS base_entities_by_path ON base_entities (path);
CREATE TABLE IF NOT EXISTS base_relations (
  source TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (source, target, type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS base_relations_by_target ON base_relations (target);
CREATE TABLE IF NOT EXISTS base_documents (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
NAMES = frozenset(re.findall(r"IF NOT EXISTS (\w+)", SCHEMA))
"""Of every table and index."""
