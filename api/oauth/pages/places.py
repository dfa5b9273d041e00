"""Giving a box its place: who types the code that it shows sees what it is, picks a site and a place, and lets it in.

What may block is looked up on a thread first (`placing`); the graph is asked, and changed, on the loop (`place_box`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api.oauth.pages.browser import Browser
from api.oauth.pages.consent import carried, fresh, site_titles, wrong_password
from api.oauth.pages.html import Markup, button, choice, facts, field, form, hidden, page, paragraph, text
from api.texts import text_in
from twin.access.audit import Deed, address
from twin.access.commissioning import Approved
from twin.access.declaring import claim
from twin.access.placing import admitted, offered, sites_for
from twin.access.principals import SCOPES, Principal
from twin.access.sessions import SignedIn
from twin.errors import RequestError
from twin.graph.model import Actor, ChangeSet
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from starlette.responses import Response

    from twin.graph.model import Entity
    from twin.graph.visibility import Sites

__all__ = ["Placing", "place_box", "placing", "purpose"]

_TITLE = "Let a box in"
_ANSWERED = "The box was answered already, or too late: start again on the box."
_NOWHERE = (
    "There is no place for it that you administer: it needs a gateway or device of its type, in a site of yours, "
    "that is no other box yet. Build one, or ask who administers the site."
)
_MOST = 1000


class Placing(msgspec.Struct, frozen=True):
    """Somebody answers the box that shows a code."""

    browser: Browser
    signed_in: SignedIn
    asset: str
    """The id of the asset."""
    code: str
    problem: str
    """Why their password will not do, where they have to show it."""

    @property
    def site(self) -> str:
        """The id of the site that they picked, if they did."""
        return self.browser.said("site")

    @property
    def place(self) -> str:
        """The id of the place, if they picked one."""
        return self.browser.said("place")


def purpose(code: str) -> str:
    """What the form that answers a box is for."""
    return f"box {code}"


def placing(browser: Browser, signed_in: SignedIn, code: str) -> Placing | None:
    """Whose answer it is; None where no box shows that code."""
    shown = browser.authority.commissioning.asked(code)
    if shown is None:
        return None
    lets_in = browser.said("answer") == "allow" and bool(browser.said("place"))
    problem = "" if not lets_in or fresh(signed_in) else wrong_password(browser, signed_in.user)
    return Placing(browser, signed_in, shown.asset, shown.user_code, problem)


async def place_box(asked: Placing) -> Response:
    """Show what is to be picked next, or do what was answered. Nothing that the form carries is believed."""
    browser, engine = asked.browser, asked.browser.engine
    asset = admitted(engine.mirror, asked.asset)
    if asset is None:
        return page(_TITLE, problem=_ANSWERED, status=404)
    if browser.said("answer") == "deny":
        return await _turned_away(asked, asset)
    administered = engine.visibilities.of(_principal(asked.signed_in), now(), "administer")
    sites = sites_for(engine.mirror, asset, administered)
    site = sites[0] if len(sites) == 1 else asked.site
    if site not in sites:
        return _sites_page(asked, asset, sites)
    places = offered(engine.mirror, engine.ontology, asset, site, administered)
    picked = next((each for each in places if each.id == asked.place), None)
    if picked is None or asked.problem or browser.said("answer") != "allow":
        return _places_page(asked, asset, site, places, asked.problem)
    return await _let_in(asked, asset, picked, administered)


async def _let_in(asked: Placing, asset: Entity, place: Entity, administered: Sites) -> Response:
    engine, user = asked.browser.engine, asked.signed_in.user
    try:
        if entries := claim(engine.mirror, engine.ontology, asset, place):
            await engine.commit(
                ChangeSet(
                    op_id=mint(),
                    actor=Actor(user.id, "web", address=address()),
                    at=now(),
                    entries=tuple(entries),
                    summary=f"let {asset.path} in at {place.path}",
                    site=place.site,
                )
            )
    except RequestError as error:
        again = offered(engine.mirror, engine.ontology, asset, place.site, administered)
        return _places_page(asked, asset, place.site, again, f"{error.message}. {error.help}.")
    # Kept before it is done: what the audit cannot keep must not be.
    await engine.auditing.now(_deed("box.approve", asked, asset, place))
    approved = Approved(site=place.site, device=place.id, user=user.id)
    done = await engine.in_pool(lambda: engine.authority.commissioning.approve(asked.code, asset.id, approved))
    if not done:
        return page(_TITLE, problem=_ANSWERED, status=404)
    return page(_TITLE, paragraph(f"{asset.key} is let in at {place.path}. You can close this page: it goes on there."))


async def _turned_away(asked: Placing, asset: Entity) -> Response:
    engine = asked.browser.engine
    if not await engine.in_pool(lambda: engine.authority.commissioning.deny(asked.code, asset.id)):
        return page(_TITLE, problem=_ANSWERED, status=404)
    await engine.auditing.now(_deed("box.deny", asked, asset, None))
    return page(_TITLE, paragraph("The box was not let in."))


def _sites_page(asked: Placing, asset: Entity, sites: list[str]) -> Response:
    titles = site_titles(asked.browser, frozenset(sites))
    if not titles:
        return _page(asked, asset, paragraph(_NOWHERE), _deny())
    problem = "" if "answer" not in dict(asked.browser.fields) else "Pick the site that it is in."
    options = choice("site", "Site that it is in", titles)
    return _page(asked, asset, options, button("Go on", "answer", "site"), _deny(), problem=problem)


def _places_page(asked: Placing, asset: Entity, site: str, places: list[Entity], problem: str) -> Response:
    where = next(iter(site_titles(asked.browser, frozenset({site})).values()), "")
    if not places:
        return _page(asked, asset, facts([("Site", where)]), paragraph(_NOWHERE), _deny(), problem=problem)
    known = asked.place if any(each.id == asked.place for each in places) else ""
    picked = places[0].id if len(places) == 1 else known
    options = {each.id: _words(each) for each in places[:_MOST]}
    parts = [
        facts([("Site", where)]),
        hidden("site", site),
        choice("place", "Place that it has", options, picked=picked),
    ]
    if not fresh(asked.signed_in):
        label = "Your password, as a box gets the right to send"
        parts.append(field("password", label, "password", completes="current-password"))
    if not problem and asked.browser.said("answer") == "allow":
        problem = "Pick the place that it has."
    return _page(asked, asset, *parts, button("Let it in", "answer", "allow"), _deny(), problem=problem)


def _page(asked: Placing, asset: Entity, *parts: Markup, problem: str = "") -> Response:
    said = asset.properties
    return page(
        f"{_TITLE}?",
        Markup(
            f'<p>A box shows <strong class="code">{text(asked.code)}</strong>. Go on only if it is in front of you, '
            "shows this very code, and has this serial on its label: who sent you the code gets what you allow.</p>"
        ),
        facts(
            [
                ("Serial", asset.key),
                ("Model", str(said.get("model", "not declared"))),
                ("Vendor", str(said.get("vendor", "not declared"))),
            ]
        ),
        paragraph("It will be able to send what it, and what is connected to it, measures; and to see nothing."),
        form("/device", *carried(asked.browser, purpose(asked.code), user_code=asked.code), *parts),
        problem=problem,
        status=400 if problem else 200,
    )


def _words(place: Entity) -> str:
    title = text_in(place.title)
    kind = place.type.rpartition("/")[2]
    return f"{title} ({place.path}, {kind})" if title else f"{place.path} ({kind})"


def _deny() -> Markup:
    return Markup('<button type="submit" name="answer" value="deny" formnovalidate>Do not let it in</button>')


def _principal(signed_in: SignedIn) -> Principal:
    """The person themselves, at our own page: no app is in between that could be allowed less."""
    return Principal(
        client="",
        subject=signed_in.user.id,
        scopes=frozenset(SCOPES),
        sites=None,
        generation=0,
        expires=signed_in.at,
    )


def _deed(action: str, asked: Placing, asset: Entity, place: Entity | None) -> Deed:
    return Deed(
        at=now(),
        action=action,
        user=asked.signed_in.user.id,
        entity=asset.id if place is None else place.id,
        site="" if place is None else place.site,
        address=address(),
        detail=f"asset {asset.id}",
    )
