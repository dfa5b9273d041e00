"""The names in steps: qualified, whether or not their document was written with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.ontology.model import Step

__all__ = ["qualified", "targets_of"]


def qualified(beside: str, name: str) -> str:
    """A name of the same document as another."""
    return name if "/" in name else f"{beside.partition('/')[0]}/{name}"


def targets_of(step: Step) -> tuple[str, ...]:
    """The types that a split type becomes."""
    return tuple(qualified(step.subject, name) for name in (step.to or tuple(step.when)))
