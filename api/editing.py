"""Changing an entity through the web: one function for GraphQL and REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.noting import actor
from twin.errors import InvalidValue
from twin.graph.edit import edit
from twin.graph.model import ChangeSet
from twin.graph.older import taken
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.questions import Question
    from twin.graph.model import Entity

__all__ = ["checked_key", "update"]

_LONGEST_KEY = 200


async def update(
    question: Question,
    ref: str,
    *,
    via: str,
    title: Mapping[str, str] | None,
    properties: Mapping[str, Any] | None,
    expected: int | None,
    idempotency_key: str | None,
) -> Entity:
    """Give an entity a new title or new values of properties, and return it as it is then.

    The same idempotency key of the same client does it once. Needs twin:write. Raises what `twin.graph.edit.edit` and
    the engine's commit raise, and `NotFound`.
    """
    question.principal.require("twin:write")
    entity, ontology = question.entity(ref), question.engine.ontology
    question.rights.require("administer", entity)
    change = edit(
        entity,
        ontology.of(entity.site),
        title=title,
        properties=None if properties is None else taken(ontology, entity, properties),
        expected=expected,
        private=question.reads_private(entity),
    )
    if change.fields or expected is not None:
        await question.engine.commit(
            ChangeSet(
                op_id=_op_id(question.principal.owner, idempotency_key),
                actor=actor(question.principal, via),
                at=now(),
                entries=(change,),
                summary=f"change {', '.join(change.fields) or 'nothing'} of {entity.path}",
                site=entity.site,
            )
        )
    return question.entity(entity.id)


def _op_id(client: str, key: str | None) -> str:
    """A client's own key, kept apart from those of other clients; a new one where it gave none."""
    return mint() if key is None else f"{client}:{checked_key(key)}"


def checked_key(key: str) -> str:
    """An idempotency key, if it is one."""
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidValue(
            "the idempotency key is none", code="key.invalid", help=f"use 1 to {_LONGEST_KEY} printable characters"
        )
    return key
