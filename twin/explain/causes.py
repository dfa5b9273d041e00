"""What a code that no document is to blame for means, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cause"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a code means, and what to do about it."""

    meaning: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """As data."""
        return {"meaning": self.meaning, "remedy": self.remedy}
