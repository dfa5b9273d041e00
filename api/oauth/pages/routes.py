"""The addresses of the pages. Each request is read completely, then answered on a thread: records and argon2 block."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.oauth.forms import form_of
from api.oauth.pages.account import account_page, take_back
from api.oauth.pages.authorize import authorize, decide
from api.oauth.pages.boxes import answer_box, box_page
from api.oauth.pages.browser import Browser, browser_of
from api.oauth.pages.html import page, redirect
from api.oauth.pages.invited import answer_invitation, invitation_page, join
from api.oauth.pages.people import access_page, change_access
from api.oauth.pages.places import Placing, place_box
from api.oauth.pages.signin import choose_password, password_page, sign_in, sign_in_page, sign_out
from api.oauth.pages.teams import change_organisations, organisations_page
from twin.engine.vault import Busy

__all__ = ["PAGES", "router"]

router = APIRouter(include_in_schema=False)

T = TypeVar("T")

_LONGEST = 16_384
"""Characters of a request that becomes an address."""


async def _answered(request: Request, act: Callable[[Browser], T]) -> T | Response:
    browser = await browser_of(request)
    run = browser.engine.vault.run if browser.said("password") else browser.engine.in_pool
    try:
        return await run(lambda: act(browser))
    except Busy:
        return page("Sign in", problem="Too many people sign in at this moment: try again in some seconds.", status=503)


@router.get("/oauth/authorize")
async def _authorize(request: Request) -> Response:
    return await _answered(request, authorize)


@router.post("/oauth/authorize")
async def _authorize_by_form(request: Request) -> Response:
    """An app may send its request as a form (OpenID Connect Core 3.1.2.1): it becomes the same request by GET."""
    query = urlencode((await form_of(request)).fields)
    if len(query) > _LONGEST:
        return page("This link does not work", problem="The request is too long.", status=413)
    return redirect(f"/oauth/authorize?{query}")


@router.post("/oauth/consent")
async def _decide(request: Request) -> Response:
    return await _answered(request, decide)


@router.get("/device")
async def _box(request: Request) -> Response:
    return await _answered(request, box_page)


@router.post("/device")
async def _answer_box(request: Request) -> Response:
    found = await _answered(request, answer_box)
    return await place_box(found) if isinstance(found, Placing) else found


@router.get("/login")
async def _sign_in_page(request: Request) -> Response:
    return await _answered(request, sign_in_page)


@router.post("/login")
async def _sign_in(request: Request) -> Response:
    return await _answered(request, sign_in)


@router.post("/logout")
async def _sign_out(request: Request) -> Response:
    return await _answered(request, sign_out)


@router.get("/account")
async def _account(request: Request) -> Response:
    return await _answered(request, account_page)


@router.post("/account/revoke")
async def _take_back(request: Request) -> Response:
    return await _answered(request, take_back)


@router.get("/account/password")
async def _password_page(request: Request) -> Response:
    return await _answered(request, password_page)


@router.post("/account/password")
async def _choose_password(request: Request) -> Response:
    return await _answered(request, choose_password)


@router.get("/account/invitation")
async def _invitation(request: Request) -> Response:
    return await invitation_page(await browser_of(request))


@router.post("/account/invitation")
async def _answer_invitation(request: Request) -> Response:
    return await answer_invitation(await browser_of(request))


@router.post("/account/invitation/join")
async def _join(request: Request) -> Response:
    return await _answered(request, join)


@router.get("/account/access")
async def _access(request: Request) -> Response:
    return await access_page(await browser_of(request))


@router.post("/account/access")
async def _change_access(request: Request) -> Response:
    return await change_access(await browser_of(request))


@router.get("/account/organisations")
async def _organisations(request: Request) -> Response:
    return await organisations_page(await browser_of(request))


@router.post("/account/organisations")
async def _change_organisations(request: Request) -> Response:
    return await change_organisations(await browser_of(request))


PAGES = frozenset(each.path for each in router.routes if isinstance(each, APIRoute))
"""The paths of all pages, and of their forms."""
