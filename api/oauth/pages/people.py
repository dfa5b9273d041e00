"""Who has access to what is mine: roles that were given, invitations that wait, sites that change hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api import inviting, sharing
from api.oauth.pages.consent import carried
from api.oauth.pages.html import Markup, button, choice, field, form, heading, link, page, paragraph, redirect, text
from api.oauth.pages.signin import to_sign_in
from api.questions import Question
from api.texts import text_in, title_in
from twin.access.principals import SCOPES, Principal
from twin.access.reach import may_have
from twin.errors import RequestError, outcome_of
from twin.times import rfc3339, time_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from api.sharing import Shared
    from twin.access.invitations import Invitation
    from twin.graph.model import Entity

__all__ = ["access_page", "acted", "change_access", "invited", "principal_of"]

_TITLE = "Who has access"
_OLD = "The form was too old: please try again."
_NEVER = 2**62
_PURPOSE = "access"


def principal_of(user_id: str) -> Principal:
    """A person at their own account: all that their roles give them, through no app."""
    return Principal(
        client="account",
        subject=user_id,
        scopes=frozenset(SCOPES),
        sites=None,
        generation=0,
        expires=_NEVER,
    )


async def access_page(browser: Browser, problem: str = "", status: int = 200) -> Response:
    """Every role that somebody has where the user may share, and the user's own."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    user = browser.signed_in.user
    question = Question(browser.engine, principal_of(user.id))
    sent = await inviting.sent(question)
    waiting = await inviting.waiting(browser.engine, user.id)
    grants = sharing.shared(question)
    return page(
        _TITLE,
        *_waiting(waiting),
        heading("Roles"),
        *(part for each in grants for part in _grant(browser, question, each)),
        *([] if grants else [paragraph("You have no role, and nobody has one through you.")]),
        heading("Invitations that wait for an answer"),
        *(part for each in sent for part in _sent(browser, question, each)),
        *([] if sent else [paragraph("There are none.")]),
        *_invite(browser, question),
        *_transfer(browser, question),
        link("Organisations", "/account/organisations"),
        link("Your account", "/account"),
        problem=problem,
        status=status,
    )


async def change_access(browser: Browser) -> Response:
    """Do what a form of the page asks for."""

    async def act(question: Question) -> Response | None:
        said = browser.said
        match said("do"):
            case "take":
                await sharing.take(question, said("party"), said("role"), said("on"), via="account")
            case "revoke":
                await inviting.revoke(question, said("invitation"))
            case "transfer":
                return _shown(await inviting.offer_site(question, said("site"), said("email")))
            case _:
                until = time_of(said("until")) if said("until") else None
                return _shown(await inviting.invite(question, said("email"), said("role"), said("on"), until=until))
        return None

    return await acted(browser, _PURPOSE, act, access_page, "/account/access")


async def acted(
    browser: Browser,
    purpose: str,
    act: Callable[[Question], Awaitable[Response | None]],
    again: Callable[[Browser, str, int], Awaitable[Response]],
    onward: str,
) -> Response:
    """Do what a form asks for, as who is signed in; what is refused is said on the page where it was asked."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    if not browser.proves(purpose):
        return await again(browser, _OLD, 403)
    try:
        shown = await act(Question(browser.engine, principal_of(browser.signed_in.user.id)))
    except RequestError as error:
        return await again(browser, f"{error.message}: {error.help}", outcome_of(error).status)
    return redirect(onward) if shown is None else shown


def invited(made: inviting.Made, onward: str) -> Response:
    """The link of an invitation, this once."""
    return page(
        "Pass this link on",
        paragraph(
            f"The twin sends no e-mail. Give this link to {made.invitation.email}, and to nobody else: it is shown "
            f"this once, works until {rfc3339(made.invitation.expires)}, and for that address only."
        ),
        Markup(f"<p><code>{text(made.link)}</code></p>"),
        link("Go back", onward),
    )


def _shown(made: inviting.Made) -> Response:
    return invited(made, "/account/access")


def _waiting(found: list[Invitation]) -> Iterator[Markup]:
    if found:
        yield heading("Invitations for you")
    for each in found:
        yield link(f"Answer the invitation of {rfc3339(each.created)[:10]}", f"/account/invitation?id={each.id}")


def _grant(browser: Browser, question: Question, each: Shared) -> Iterator[Markup]:
    own = each.party.id == question.principal.subject
    ends = "" if each.held.until is None else f", until {rfc3339(each.held.until)}"
    who = "You are" if own else f"{title_in(each.party)} is"
    yield paragraph(f"{who} {each.role} of {_place(question, each.on)}{ends}.")
    yield form(
        "/account/access",
        *carried(browser, _PURPOSE, do="take", party=each.party.id, role=each.held.role, on=each.on.id),
        button("Leave" if own else f"Take back from {title_in(each.party)}"),
    )


def _sent(browser: Browser, question: Question, each: Invitation) -> Iterator[Markup]:
    target = question.engine.mirror.get(each.entity)
    where = each.entity if target is None else _place(question, target)
    what = f"{each.role.rpartition('/')[2]} of {where}" if each.role else f"to take over {where}"
    yield paragraph(f"{each.email}: {what}; waits until {rfc3339(each.expires)}.")
    yield form(
        "/account/access",
        *carried(browser, _PURPOSE, do="revoke", invitation=each.id),
        button(f"Take back from {each.email}"),
    )


def _invite(browser: Browser, question: Question) -> Iterator[Markup]:
    sites = list(_sites(question))
    if not any(sharing.sharable(question, each.on) for each in sharing.shared(question)):
        return
    yield heading("Invite somebody")
    yield form(
        "/account/access",
        *carried(browser, _PURPOSE, do="invite"),
        field("email", "E-mail address", "email"),
        choice("role", "Role", _roles(question, sites)),
        field("on", "Path of what it is had on", value=sites[0].path if len(sites) == 1 else "", hint="hugo/flat-302"),
        field(
            "until",
            "Day on which it ends",
            "date",
            required=False,
            hint="At its first moment, UTC; empty: not by itself.",
        ),
        button("Make an invitation"),
    )


def _transfer(browser: Browser, question: Question) -> Iterator[Markup]:
    sites = {each.id: title_in(each) for each in _sites(question) if question.rights.may("administer", each)}
    if not sites:
        return
    yield heading("Hand a site over")
    yield paragraph("When they accept, your roles on it are theirs, and all that you were given in it ends.")
    yield form(
        "/account/access",
        *carried(browser, _PURPOSE, do="transfer"),
        choice("site", "Site", sites, picked=next(iter(sites)) if len(sites) == 1 else ""),
        field("email", "E-mail address of the new owner", "email", at="new-"),
        button("Offer it"),
    )


def _sites(question: Question) -> Iterator[Entity]:
    """The sites that the user sees themselves."""
    found = (question.find(each) for each in sorted(question.sites or ()))
    return (each for each in found if each is not None and each.kind == "site")


def _roles(question: Question, sites: list[Entity]) -> dict[str, str]:
    """The roles there are, those that may be had on one of these sites first."""
    ontology = question.engine.ontology
    named = {each.short: text_in(each.title) or each.short for each in ontology.roles.values()}
    first = {each.short for each in ontology.roles.values() if any(may_have(ontology, each, site) for site in sites)}
    return dict(sorted(named.items(), key=lambda item: (item[0] not in first, item[1])))


def _place(question: Question, entity: Entity) -> str:
    site = question.find(entity.site) if entity.site and entity.site != entity.id else None
    return title_in(entity) if site is None else f"{title_in(entity)} ({entity.path})"
