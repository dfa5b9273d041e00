"""Declaring assets, and giving them their place, as entries of a ChangeSet: each is logged, and counts where the log
is followed.

An asset is declared; it is claimed as long as it declares a gateway or device; it may be blocked, claimed or not.
Nothing here asks who wants it: that is for whoever calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from twin.errors import Conflict, InvalidValue, NotFound
from twin.graph.declared import is_serial
from twin.graph.model import DECLARES, MANAGES, Create, Delete, Entity, Link, Relation, Unlink, Update
from twin.ids import mint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry, Scalar
    from twin.ontology.model import Ontology

__all__ = [
    "ASSET",
    "BLOCKED",
    "FITS",
    "STATE",
    "Declaration",
    "State",
    "asset_in",
    "block",
    "claim",
    "declare",
    "made_for",
    "named_place",
    "owner_of",
    "place_of",
    "places",
    "release",
    "remove",
    "replace",
    "state_of",
    "unfit",
]

ASSET = "core/Asset"
FITS = "fits"
"""The property that says of which type (qualified) the place of an asset must be; ``gateway`` or ``device``: any."""
STATE, BLOCKED = "state", "blocked"
"""The property that says that an asset is kept out, and how; one that may be let in has none."""
_KINDS = ("gateway", "device")

State = Literal["declared", "claimed", "blocked"]


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as its owner declares it."""

    serial: str
    type: str = ""
    """What it is: a type or a product of the ontology, or ``gateway`` or ``device`` for any of these."""
    model: str = ""
    """As its maker calls it; where the ontology has a product of that name, this says the type as well."""
    vendor: str = ""
    fleet: str = ""
    """The key of the fleet that owns it; empty: whoever runs the twin does."""


def made_for(ontology: Ontology, said: Declaration) -> str:
    """What the place of an asset must be: a qualified type, ``gateway`` or ``device``.

    Raises:
        InvalidValue: it is not said, or is none (``asset.type``).
    """
    product = ontology.models.get(said.type or said.model) or ontology.models.get(said.model)
    if said.type in _KINDS:
        return said.type if product is None else product.of
    found = ontology.find(said.type) if said.type else None
    if found is not None and found.kind in _KINDS:
        return found.name
    if product is not None and (not said.type or said.type == product.short):
        return product.of
    what = f"{said.type!r} is no type of gateways or devices" if said.type else "it is not said what this asset is"
    raise InvalidValue(
        f"{said.serial}: {what}",
        code="asset.type",
        help="give a type of gateway or device, or the name of a product, of the ontologies in force; or just "
        "'gateway' or 'device'",
        property="type",
    )


def asset_in(mirror: Mirror, serial: str, fleet: str) -> Entity | None:
    """The asset with a serial that a fleet (by its key) owns; none: whoever runs the twin."""
    return mirror.by_path(_path(serial, fleet))


def declare(mirror: Mirror, ontology: Ontology, said: Declaration) -> list[Entry]:
    """Declare an asset, or change what is said of one. Nothing where it is declared so already.

    Raises:
        InvalidValue: the serial cannot be one, or what it is (`made_for`).
        NotFound: there is no such fleet.
        Conflict: it is claimed, and could not be where it is (``asset.claimed``).
    """
    if not is_serial(said.serial):
        raise InvalidValue(
            f"{said.serial!r} cannot be a serial",
            code="serial.invalid",
            help="1 to 100 letters, digits and . _ : @ ~ - and the first of them a letter or digit",
            property="serial",
        )
    fleet = mirror.by_path(f"fleet:{said.fleet}") if said.fleet else None
    if said.fleet and fleet is None:
        raise NotFound(f"there is no fleet:{said.fleet}", code="fleet.unknown", help="twin fleet list shows them")
    properties: dict[str, Scalar] = {FITS: made_for(ontology, said)}
    properties |= {name: text for name, text in (("model", said.model), ("vendor", said.vendor)) if text}
    known = asset_in(mirror, said.serial, said.fleet)
    if known is not None:
        return _change(mirror, ontology, known, properties)
    asset = Entity(
        id=mint(),
        kind="asset",
        type=ASSET,
        key=said.serial,
        path=_path(said.serial, said.fleet),
        site="",
        title={"": said.serial},
        properties=properties,
    )
    owned = [] if fleet is None else [Link(Relation(type=MANAGES, source=fleet.id, target=asset.id))]
    return [Create(asset), *owned]


def owner_of(mirror: Mirror, asset: Entity) -> Entity | None:
    """The fleet that owns an asset."""
    for source, relations in mirror.edges(asset, "IN").items():
        if MANAGES in relations:
            return mirror.entities[source]
    return None


def place_of(mirror: Mirror, asset: Entity) -> Entity | None:
    """The gateway or device that an asset is."""
    place = mirror.declared.place_of(asset.id)
    return None if place is None else mirror.entities[place]


def state_of(mirror: Mirror, asset: Entity) -> State:
    """What has become of an asset."""
    if asset.properties.get(STATE) == BLOCKED:
        return "blocked"
    return "declared" if mirror.declared.place_of(asset.id) is None else "claimed"


def unfit(ontology: Ontology, asset: Entity, place: Entity) -> str:
    """Why an asset cannot be what stands there; empty: it can."""
    fits = str(asset.properties.get(FITS, ""))
    words = ontology.of(place.site)
    if place.kind not in _KINDS:
        return f"{place.path} is a {place.kind}, and an asset is a gateway or a device"
    if fits in _KINDS:
        return "" if place.kind == fits else f"{place.path} is a {place.kind}, and the asset a {fits}"
    if not words.is_a(fits, place.type):
        return f"{place.path} is a {_short(place.type)}, and the asset a {_short(fits)}"
    model, wanted = asset.properties.get("model"), place.properties.get("model")
    if model and wanted and model != wanted:
        return f"{place.path} is a {wanted}, and the asset a {model}"
    return ""


def named_place(mirror: Mirror, asset: Entity) -> Entity | None:
    """The gateway or device that was built with the serial of an asset, and waits for it; None: none, or several."""
    found = [each for site in mirror.sites if (each := mirror.by_serial(site, asset.key)) is not None]
    free = [each for each in found if mirror.declared.asset_of(each.id) is None]
    return free[0] if len(free) == 1 else None


def places(mirror: Mirror, ontology: Ontology, asset: Entity, among: Iterable[str]) -> Iterator[Entity]:
    """Those of some entities, by their ids, that an asset could be: what has its serial first of all, then what has
    none. What is another asset, or waits for one with another serial, is not among them.
    """
    free = [each for each in map(mirror.entities.__getitem__, among) if mirror.declared.asset_of(each.id) is None]
    fitting = [each for each in free if each.serial in {None, asset.key} and not unfit(ontology, asset, each)]
    yield from (each for each in fitting if each.serial == asset.key)
    yield from (each for each in fitting if each.serial is None)


def claim(mirror: Mirror, ontology: Ontology, asset: Entity, place: Entity) -> list[Entry]:
    """Have an asset be what stands there; nothing where it is.

    Raises:
        Conflict: it has another place (``asset.claimed``), is blocked (``asset.blocked``), or the place is another
            asset, or waits for one (``place.taken``).
        InvalidValue: it cannot be what stands there (``asset.unfit``).
    """
    if mirror.declared.place_of(asset.id) == place.id:
        return []
    _free(mirror, asset)
    if mirror.declared.asset_of(place.id) is not None or place.serial not in {None, asset.key}:
        raise Conflict(
            f"{place.path} is another box already, or waits for one with another serial",
            code="place.taken",
            help="choose a free place, or replace the box that is there: twin asset replace OLD NEW",
        )
    return _joined(ontology, asset, place)


def release(mirror: Mirror, asset: Entity) -> list[Entry]:
    """Have an asset be nothing; nothing where it is. What stood for it stays, and waits for another box."""
    place = place_of(mirror, asset)
    if place is None:
        return []
    return [Unlink(type=DECLARES, source=asset.id, target=place.id), _numbered(place, None)]


def replace(mirror: Mirror, ontology: Ontology, old: Entity, new: Entity) -> list[Entry]:
    """Have a new asset be what an old one was: its place, its history, and the rights on it. Nothing where it is.

    Raises:
        Conflict: the old one has no place (``asset.unclaimed``); the new one has one, or is blocked.
        InvalidValue: the new one cannot be what the old one was (``asset.unfit``).
    """
    place = place_of(mirror, old)
    if place is None:
        raise Conflict(
            f"the asset {old.key} has no place that another could take",
            code="asset.unclaimed",
            help="claim the new one where it shall be: twin asset claim",
        )
    if old.id == new.id:
        return []
    _free(mirror, new)
    return [Unlink(type=DECLARES, source=old.id, target=place.id), *_joined(ontology, new, place)]


def block(asset: Entity, *, blocked: bool) -> list[Entry]:
    """Keep an asset out, or let it in again; nothing where it is so."""
    if (asset.properties.get(STATE) == BLOCKED) == blocked:
        return []
    kept = {name: value for name, value in asset.properties.items() if name != STATE}
    return [Update(id=asset.id, fields={"properties": kept | ({STATE: BLOCKED} if blocked else {})})]


def remove(mirror: Mirror, asset: Entity) -> list[Entry]:
    """Declare an asset no more. `Conflict` (``asset.claimed``) while it has a place."""
    if mirror.declared.place_of(asset.id) is not None:
        raise _claimed(asset, "release it first: twin asset release SERIAL")
    return [Delete(id=asset.id)]


def _change(mirror: Mirror, ontology: Ontology, known: Entity, properties: dict[str, Scalar]) -> list[Entry]:
    if STATE in known.properties:
        properties[STATE] = BLOCKED
    if known.properties == properties:
        return []
    place = place_of(mirror, known)
    if place is not None:
        after = msgspec.structs.replace(known, properties=properties)
        if why := unfit(ontology, after, place):
            raise _claimed(known, f"release it first, or leave it what it is: {why}")
    return [Update(id=known.id, fields={"properties": properties})]


def _joined(ontology: Ontology, asset: Entity, place: Entity) -> list[Entry]:
    if why := unfit(ontology, asset, place):
        raise InvalidValue(why, code="asset.unfit", help="choose a place that such a box can have", ref=place.path)
    return [
        *([] if place.serial == asset.key else [_numbered(place, asset.key)]),
        Link(Relation(type=DECLARES, source=asset.id, target=place.id)),
    ]


def _numbered(place: Entity, serial: str | None) -> Update:
    return Update(id=place.id, expected=place.revision, fields={"serial": serial})


def _free(mirror: Mirror, asset: Entity) -> None:
    if mirror.declared.place_of(asset.id) is not None:
        raise _claimed(asset, "release it where it is first")
    if asset.properties.get(STATE) == BLOCKED:
        raise Conflict(
            f"the asset {asset.key} is blocked",
            code="asset.blocked",
            help="whoever owns it can let it in again: twin asset unblock SERIAL",
        )


def _claimed(asset: Entity, help_: str) -> Conflict:
    return Conflict(f"the asset {asset.key} has a place already", code="asset.claimed", help=help_)


def _path(serial: str, fleet: str) -> str:
    return f"asset:{fleet}/{serial}" if fleet else f"asset:{serial}"


def _short(name: str) -> str:
    return name.rpartition("/")[2]
