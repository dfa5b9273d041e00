"""What is not there where people sign in at external issuers only: pages, and grants that a person takes part in."""

# No `from __future__ import annotations`: FastAPI reads the annotations of dependencies when it is told of them.

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.context import engine_of

__all__ = ["PEOPLE"]


async def _people_sign_in(request: Request) -> None:
    if engine_of(request).authority.external_only:
        raise HTTPException(404)


PEOPLE = Depends(_people_sign_in)
"""Of a route that is for people who sign in here, or for apps that they let in."""
