"""Which entity a path names, among those that grew; and what to say when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import closest

if TYPE_CHECKING:
    from twin.errors import Place
    from twin.source import Diagnostics
    from twin.topology.growing import Grown, Link, Sprout

__all__ = ["Finder"]


class Finder:
    """Looks paths up."""

    def __init__(self, grown: Grown, report: Diagnostics) -> None:
        self.left_out: dict[str, set[str]] = {}
        """Points, by the path of their entity, whose source ``when`` left out."""
        self._grown = grown
        self._report = report
        self._lost: set[Place] = set()

    def find(self, one: Link, path: str) -> Sprout | None:
        """What a path names; None when it is wrong (and reported), left out by ``when``, or lost to another mistake."""
        site = one.origin.path.partition("/")[0]
        full = _absolute(path, site, one.origin.space.path)
        if full is None:
            help_ = 'a path is relative to the space around it ("radiator", "."), or begins with / at the site'
            self._report.error("path.invalid", f"'{path}' is not a path", one.place, help=help_)
            return None
        found = self._grown.sprouts.get(full)
        if found is None:
            self._report_lost(one, path, full)
        return found

    def _report_lost(self, one: Link, path: str, full: str) -> None:
        segments = full.split("/")
        prefixes = ["/".join(segments[:length]) for length in range(1, len(segments) + 1)]
        if any(prefix in self._grown.excluded for prefix in prefixes):
            if one.point is not None:
                self.left_out.setdefault(one.origin.path, set()).add(one.point)
            return
        if one.place in self._lost:
            return
        self._lost.add(one.place)
        deepest = [prefix for prefix in prefixes if prefix in self._grown.sprouts][-1]
        around = self._grown.sprouts[deepest]
        if around.uncertain:
            return
        keys = self._keys_below(deepest)
        missing = segments[deepest.count("/") + 1]
        near = closest(missing, keys)
        base = "the site" if "/" not in deepest else f"'{deepest.partition('/')[2]}'"
        help_ = f"did you mean '{near[0]}'?" if near else f"in {base}: {', '.join(keys[:12]) or 'nothing'}"
        message = f"'{path}' is not there: {base} has no '{missing}'"
        self._report.error("path.unknown", message, one.place, related=one.used, help=help_, suggestions=near)

    def _keys_below(self, path: str) -> list[str]:
        parent = self._grown.sprouts[path]
        return sorted(sprout.key for sprout in self._grown.sprouts.values() if sprout.parent is parent)


def _absolute(path: str, site: str, base: str) -> str | None:
    """The path from the site's key on; None when it is not written like a path."""
    if path == "/":
        return site
    if path == ".":
        return base
    start, rest = (site, path[1:]) if path.startswith("/") else (base, path)
    segments = rest.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        return None
    return "/".join([start, *segments])
