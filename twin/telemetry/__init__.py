"""Telemetry: from bytes that were acknowledged to readings that were applied, or a named reason why not."""
