"""Places to fill: what roles somebody may be given on an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api.texts import text_in
from twin.ontology.model import PERMISSIONS, RoleType

if TYPE_CHECKING:
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology

__all__ = ["RolePlace", "places"]


class RolePlace(msgspec.Struct, frozen=True):
    """A place on an entity that somebody may be given."""

    key: str
    kind: RoleType

    @property
    def role(self) -> str:
        """The role's name."""
        return self.kind.short

    @property
    def permissions(self) -> list[str]:
        """What it allows, in the order in which permissions are told."""
        return [each for each in PERMISSIONS if each in self.kind.may]

    def title(self, lang: str | None = None) -> str:
        """The role for people, in a language or the nearest there is."""
        return text_in(self.kind.title, lang) or self.kind.short


def places(entity: Entity, ontology: Ontology) -> list[RolePlace]:
    """The places of an entity, in the order in which its topology names them."""
    return [RolePlace(key, ontology.roles[name]) for key, name in entity.roles.items() if name in ontology.roles]
