"""What is declared: assets by their serials, and the one place of the graph that each of them has.

Invariants, kept by `check` and true of every commit: an asset declares one gateway or device at most, each of these is
declared by one asset at most, and then has its serial. The same serial may be declared by several owners: makers know
nothing of each other, and one owner learns nothing of what another has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.errors import Conflict
from twin.graph.model import DECLARES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from twin.graph.model import Entity

__all__ = ["Declared", "Drafted", "is_serial", "stands_as_asset"]

_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@~-]{0,99}\Z")
_PATH = re.compile(r"asset:([a-z0-9][a-z0-9-]*/)?([^/]+)\Z")


def is_serial(text: str) -> bool:
    """Whether the text may be the serial of an asset: it must be able to stand in a topic of MQTT and in an address."""
    return _SERIAL.match(text) is not None


def stands_as_asset(entity: Entity) -> bool:
    """Whether an asset is where assets are: in no site, at ``asset:SERIAL``, or at ``asset:FLEET/SERIAL``."""
    found = _PATH.match(entity.path)
    return entity.parent is None and not entity.site and found is not None and found[2] == entity.key


class Declared:
    """The assets of a graph: an index that the mirror keeps."""

    def __init__(self) -> None:
        self._by_serial: dict[str, dict[str, None]] = {}
        self._place: dict[str, str] = {}
        self._asset: dict[str, str] = {}

    def clear(self) -> None:
        """Forget all."""
        for index in (self._by_serial, self._place, self._asset):
            index.clear()

    def join_all(self, leaving: Callable[[str], Mapping[str, Iterable[str]]]) -> None:
        """Every asset is there, and may have a place: ``leaving`` gives the relations from one, by the other end."""
        for asset in self:
            for place, types in leaving(asset).items():
                if DECLARES in types:
                    self.join(asset, place)

    def forget(self, ids: Collection[str]) -> None:
        """Whatever there is of these entities is gone."""
        for serial, same in [*self._by_serial.items()]:
            for each in same.keys() & ids:
                del same[each]
            if not same:
                del self._by_serial[serial]
        for asset, place in [*self._place.items()]:
            if asset in ids or place in ids:
                self.part(asset, place)

    def put(self, asset: Entity) -> None:
        """An asset is declared."""
        self._by_serial.setdefault(asset.key, {})[asset.id] = None

    def drop(self, entity: Entity) -> None:
        """An entity ends: an asset, or perhaps the place of one."""
        if entity.kind == "asset":
            same = self._by_serial[entity.key]
            del same[entity.id]
            if not same:
                del self._by_serial[entity.key]
        if entity.id in self._place:
            self.part(entity.id, self._place[entity.id])
        elif entity.id in self._asset:
            self.part(self._asset[entity.id], entity.id)

    def join(self, asset: str, place: str) -> None:
        """An asset has a place, by their ids."""
        self._place[asset], self._asset[place] = place, asset

    def part(self, asset: str, place: str) -> None:
        """An asset has its place no more."""
        del self._place[asset], self._asset[place]

    def __iter__(self) -> Iterator[str]:
        """The ids of all assets."""
        return (each for same in self._by_serial.values() for each in same)

    def places(self) -> Iterable[tuple[str, str]]:
        """The ids of every asset that has a place, and of its place."""
        return self._place.items()

    def of_serial(self, serial: str) -> Collection[str]:
        """The ids of the assets with a serial: of one owner each."""
        return self._by_serial.get(serial, {}).keys()

    def place_of(self, asset: str) -> str | None:
        """The id of the gateway or device that an asset is."""
        return self._place.get(asset)

    def asset_of(self, place: str) -> str | None:
        """The id of the asset that a gateway or device is."""
        return self._asset.get(place)


class Drafted:
    """The same as it would be after what has been drafted so far; only differences are held."""

    def __init__(self, known: Declared) -> None:
        self._known = known
        self._place: dict[str, str | None] = {}
        self._asset: dict[str, str | None] = {}
        self._loose: dict[str, None] = {}
        """Places whose serial is still to be compared with their asset's."""

    def place_of(self, asset: str) -> str | None:
        """As `Declared.place_of`."""
        return self._place[asset] if asset in self._place else self._known.place_of(asset)

    def asset_of(self, place: str) -> str | None:
        """As `Declared.asset_of`."""
        return self._asset[place] if place in self._asset else self._known.asset_of(place)

    def join(self, asset: Entity, place: Entity) -> None:
        """Raises `Conflict` where either has another already."""
        if self.place_of(asset.id) is not None:
            raise Conflict(
                f"the asset {asset.key} has a place already",
                code="asset.claimed",
                help="release it first; it may have been claimed by somebody else meanwhile",
            )
        if self.asset_of(place.id) is not None:
            raise Conflict(
                f"{place.path} is another asset already",
                code="place.taken",
                help="choose a free place, or replace the asset that is there: twin asset replace OLD NEW",
            )
        self._place[asset.id], self._asset[place.id] = place.id, asset.id
        self._loose[place.id] = None

    def part(self, asset: str, place: str) -> None:
        """They are two again."""
        self._place[asset] = self._asset[place] = None

    def drop(self, entity: Entity) -> None:
        """An entity ends, and with it what it declares, or what declares it."""
        place, asset = self.place_of(entity.id), self.asset_of(entity.id)
        if place is not None:
            self.part(entity.id, place)
        elif asset is not None:
            self.part(asset, entity.id)

    def renumbered(self, entity: Entity) -> None:
        """An entity has another serial."""
        self._loose[entity.id] = None

    def finish(self, get: Callable[[str], Entity | None]) -> None:
        """A ChangeSet ends. Raises `Conflict` where a place has another serial than the asset that it is."""
        for each in self._loose:
            asset_id = self.asset_of(each)
            place, asset = get(each), None if asset_id is None else get(asset_id)
            if place is not None and asset is not None and place.serial != asset.key:
                raise Conflict(
                    f"{place.path} is the asset {asset.key}, and cannot have the serial {place.serial!r}",
                    code="asset.bound",
                    help=f"put another box in its place: twin asset replace {asset.key} NEW; or release it first",
                )
        self._loose.clear()
