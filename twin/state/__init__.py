"""State: what the building says now."""
