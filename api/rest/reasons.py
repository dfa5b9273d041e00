"""Why somebody may see or do something: ``/api/v1/access/explain``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.context import Reader
from api.questions import Question
from api.reasons import Reasons, reasons
from api.rest.shapes import Out, Time, answer
from twin.times import rfc3339

__all__ = ["router"]

router = APIRouter()


class WayOut(Out):
    """One role that leads to the entity, or would."""

    role: str = Field(description="Qualified; of a client in its own name, its registration.")
    givenOn: str = Field(description="The path of what it was given on.", examples=["hugo"])  # noqa: N815 - as in JSON
    party: str = Field(description="The organisation that it was given to; empty: they themselves.")
    steps: list[str] = Field(description="The paths from there to the entity, through fleets and views.")
    until: Time | None = Field(description="When it ends; null: not by itself.")
    permissions: list[str] = Field(description="What it allows there; none where it stops.")
    stop: str = Field(description="Why it does not lead there: over, unknown, misplaced or closed; empty: it does.")
    at: str = Field(description="The path of what stops it: of the closed door, say.")


class TakenOut(Out):
    """A role as it was given."""

    role: str
    givenOn: str  # noqa: N815 - as in JSON
    party: str


class RemovalOut(Out):
    """All that would have to be taken back so that a permission is gone: each of it is enough to keep it."""

    permission: str
    grants: list[TakenOut]


class GiftOut(Out):
    """A role that would give a permission that is missing."""

    permission: str
    role: str
    on: str = Field(description="The path of the nearest thing that it is had on.")


class ReasonsOut(Out):
    """What somebody may do with an entity, and why."""

    user: str
    id: str
    path: str
    permissions: list[str]
    ways: list[WayOut]
    removals: list[RemovalOut]
    gifts: list[GiftOut]


@router.get("/explain", summary="Say why somebody may see or do something", response_model=ReasonsOut)
async def explained(
    caller: Reader,
    ref: Annotated[str, Query(description="What (id or path).", examples=["hugo/flat/living"])],
    user: Annotated[str | None, Query(description="Who, by id: a user or a client; whoever asks unless said.")] = None,
) -> Response:
    """Every role that leads there, as far as roles go; what would have to be taken back, and what given. About
    somebody else it is told to who may share or administer it, and to auditors.
    """
    return answer(_document(await reasons(Question(caller.engine, caller.principal), user, ref)))


def _document(found: Reasons) -> dict[str, Any]:
    return {
        "user": found.user,
        "id": found.entity.id,
        "path": found.entity.path,
        "permissions": found.permissions,
        "ways": [
            {
                "role": each.role,
                "givenOn": each.given_on,
                "party": each.party,
                "steps": each.steps,
                "until": None if each.until is None else rfc3339(each.until),
                "permissions": each.permissions,
                "stop": each.stop,
                "at": each.at,
            }
            for each in found.ways
        ],
        "removals": [
            {
                "permission": permission,
                "grants": [{"role": each.role, "givenOn": each.given_on, "party": each.party} for each in all_of_it],
            }
            for permission, all_of_it in found.taken.items()
        ],
        "gifts": [{"permission": each.permission, "role": each.role, "on": each.on} for each in found.given],
    }
