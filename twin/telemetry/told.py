"""The topics on which apps hear of a building, and which of them a filter is about.

An entity's readings are told on ``twin/{site}/readings/{path}``: ``{site}`` is the site's key and ``{path}`` the
entity's path below it; a site's own are told on ``twin/{site}/readings``. A key is never a wildcard (`twin.ids.KEY`).
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ANY", "Asked", "asked", "fits", "topic_of"]

ANY = "+"
"""In the place of a site: whichever."""
_ROOT, _READINGS = "twin", "readings"
_REST = "#"


class Asked(NamedTuple):
    """What a filter is about."""

    site: str
    """The key of a site, or `ANY`."""
    path: tuple[str, ...] | None
    """The levels below the site of the entities whose readings match, wildcards among them; None: it is about no
    readings."""

    @property
    def place(self) -> tuple[str, ...]:
        """The levels of the path before the first wildcard."""
        path = self.path or ()
        ends = [number for number, level in enumerate(path) if level in {ANY, _REST}]
        return path[: ends[0]] if ends else path


def topic_of(path: str) -> str:
    """Where the readings of the entity at a path are told."""
    site, *below = path.split("/", 1)
    return "/".join((_ROOT, site, _READINGS, *below))


def asked(topic_filter: str) -> Asked | None:
    """What a filter is about; None for one that matches none of these topics, whatever sites there are."""
    first, *levels = topic_filter.split("/")
    if first == _REST:
        return Asked(ANY, (_REST,))
    if first not in {_ROOT, ANY} or not levels:
        return None
    site, *rest = levels
    if site == _REST:
        return Asked(ANY, (_REST,))
    if rest[:1] == [_REST]:
        return Asked(site, (_REST,))
    return Asked(site, tuple(rest[1:]) if rest and rest[0] in {_READINGS, ANY} else None)


def fits(path: str, wanted: tuple[str, ...]) -> bool:
    """Whether the entity at a path is below its site where these levels say."""
    levels = path.split("/")[1:]
    for number, level in enumerate(wanted):
        if level == _REST:
            return True
        if number >= len(levels) or level not in {ANY, levels[number]}:
            return False
    return len(levels) == len(wanted)
