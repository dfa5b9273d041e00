"""What `twin explain-access` prints: ways, what would have to be taken back, and what given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twin.access.explaining import Chain, Gift, Taken
    from twin.ontology.model import Permission

__all__ = ["document", "line", "lines"]

_STOPS = {
    "over": "it has run out",
    "unknown": "no ontology declares it any more",
    "misplaced": "it is not had on {at}",
    "closed": "it stops at the door of {at}",
}


def document(
    chains: Sequence[Chain], taken: Mapping[Permission, Sequence[Taken]], lacking: Sequence[Gift]
) -> dict[str, Any]:
    """All of it, as ``--json`` prints it."""
    return {
        "ways": [_way(each) for each in chains],
        "removals": {permission: [_taken(each) for each in all_of_it] for permission, all_of_it in taken.items()},
        "gifts": [{"permission": each.permission, "role": each.role, "on": each.on} for each in lacking],
    }


def line(name: str, chain: Chain) -> str:
    """``+ ana: Tenant of hugo/flat-2 (until …) > hugo/flat-2/kitchen: read, command``."""
    ends = "" if chain.until is None else f" (until {rfc3339(chain.until)})"
    through = f" by {chain.party}" if chain.party else ""
    way = " > ".join((f"{_short(chain.role)} of {chain.given_on}{through}{ends}", *chain.steps[1:]))
    if chain.stop:
        return f"- {name}: {way}: {_STOPS[chain.stop].format(at=chain.at)}"
    return f"+ {name}: {way}: {', '.join(chain.permissions)}"


def lines(name: str, path: str, taken: Mapping[Permission, Sequence[Taken]], lacking: Sequence[Gift]) -> Iterator[str]:
    """What to do about it, in words: first what is had, grouped by what would end it."""
    if "read" not in taken:
        yield f"{name} may not see {path}."
    endings: dict[tuple[Taken, ...], list[str]] = {}
    for permission, all_of_it in taken.items():
        endings.setdefault(tuple(all_of_it), []).append(permission)
    for all_of_it, permissions in endings.items():
        yield f"To end {', '.join(permissions)}: take back {' and '.join(map(_named, all_of_it))}."
    offers: dict[tuple[str, str], list[str]] = {}
    for each in lacking:
        offers.setdefault((each.role, each.on), []).append(each.permission)
    for (role, on), permissions in offers.items():
        yield f"To give {', '.join(permissions)}: {_short(role)} on {on}, say."


def _way(chain: Chain) -> dict[str, Any]:
    return {
        "role": chain.role,
        "given_on": chain.given_on,
        "party": chain.party,
        "steps": list(chain.steps),
        "until": None if chain.until is None else rfc3339(chain.until),
        "permissions": list(chain.permissions),
        "stop": chain.stop,
        "at": chain.at,
    }


def _taken(each: Taken) -> dict[str, str]:
    return {"role": each.role, "given_on": each.given_on, "party": each.party}


def _named(each: Taken) -> str:
    through = f" from {each.party} (or their place in it)" if each.party else ""
    return f"{_short(each.role)} on {each.given_on}{through}"


def _short(role: str) -> str:
    return role.rpartition("/")[2]
