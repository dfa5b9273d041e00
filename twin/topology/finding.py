"""Which entity a path names, among those that grew; and what to say when there is none."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from twin.source import closest
from twin.topology.grown import Link

if TYPE_CHECKING:
    from twin.errors import Place
    from twin.source import Diagnostics
    from twin.topology.grown import Grown, Sprout
    from twin.topology.seeds import Naming

__all__ = ["Finder", "is_left_out", "reach", "report_missing"]


class Finder:
    """Looks paths up."""

    def __init__(self, grown: Grown, report: Diagnostics) -> None:
        self.left_out: dict[str, set[str]] = {}
        """Points, by the path of their entity, whose source ``when`` left out."""
        self._grown = grown
        self._sprouts = grown.sprouts
        self._site = next(iter(grown.sprouts), "")
        self._report = report
        self._lost: set[Place] = set()

    def at(self, origin: Sprout, naming: Naming, path: str) -> Sprout | None:
        """What a path names that an entity says: `find`, in few steps for what is there."""
        way = reach(path)
        if way is not None:
            found = self._sprouts.get((self._site if way[0] else origin.base) + way[1])
            if found is not None:
                return found
        return self.find(Link(origin, naming, path), path)

    def find(self, one: Link, path: str) -> Sprout | None:
        """What a path names; None when it is wrong (and reported), left out by ``when``, or lost to another mistake."""
        full = self.full(one, path)
        if full is None:
            return None
        found = self._grown.sprouts.get(full)
        if found is None:
            self._report_lost(one, path, full)
        return found

    def full(self, one: Link, path: str) -> str | None:
        """The path from the site's key on, whether something is there or not; None when it is wrong (and reported)."""
        way = reach(path)
        if way is None:
            help_ = 'a path is relative to the space around it ("radiator", "."), or begins with / at the site'
            self._report.error("path.invalid", f"'{path}' is not a path", one.place, help=help_)
            return None
        return (self._site if way[0] else one.origin.base) + way[1]

    def is_left_out(self, full: str) -> bool:
        """Whether a path names what ``when`` or an override left out, or something in it."""
        return is_left_out(full, self._grown)

    def _report_lost(self, one: Link, path: str, full: str) -> None:
        if is_left_out(full, self._grown):
            if one.naming.point is not None:
                self.left_out.setdefault(one.origin.path, set()).add(one.naming.point)
        elif one.place not in self._lost:
            self._lost.add(one.place)
            report_missing(path, full, one.place, self._grown, self._report, one.used)


def is_left_out(full: str, grown: Grown) -> bool:
    """Whether a path names what ``when`` or an override left out, or something in it."""
    return any(prefix in grown.excluded for prefix in _prefixes(full))


def report_missing(
    path: str, full: str, place: Place, grown: Grown, report: Diagnostics, related: list[tuple[Place, str]]
) -> None:
    """Report a path that names nothing; unless that may follow from what is wrong around it."""
    deepest = [prefix for prefix in _prefixes(full) if prefix in grown.sprouts][-1]
    around = grown.sprouts[deepest]
    if around.uncertain:
        return
    keys = sorted(sprout.key for sprout in grown.sprouts.values() if sprout.parent is around)
    missing = full.split("/")[deepest.count("/") + 1]
    near = closest(missing, keys)
    base = "the site" if "/" not in deepest else f"'{deepest.partition('/')[2]}'"
    help_ = f"did you mean '{near[0]}'?" if near else f"in {base}: {', '.join(keys[:12]) or 'nothing'}"
    elsewhere = f"{full.partition('/')[0]}/{path}"
    if elsewhere != full and elsewhere in grown.sprouts:
        help_, near = f"it stands in the site: '/{path}'", (f"/{path}",)
    message = f"'{path}' is not there: {base} has no '{missing}'"
    report.error("path.unknown", message, place, related=related, help=help_, suggestions=near)


def _prefixes(full: str) -> list[str]:
    segments = full.split("/")
    return ["/".join(segments[:length]) for length in range(1, len(segments) + 1)]


@lru_cache(maxsize=65_536)
def reach(path: str) -> tuple[bool, str] | None:
    """Whether a path begins at the site, and what it adds to where it begins; None when it is no path."""
    if path == "/":
        return True, ""
    if path == ".":
        return False, ""
    from_site = path.startswith("/")
    rest = path[1:] if from_site else path
    segments = rest.split("/")
    if "" in segments or "." in segments or ".." in segments:
        return None
    return from_site, f"/{rest}"
