"""The organisations of a user: who is in them, who is let in, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api import inviting, organisations
from api.oauth.pages.consent import carried
from api.oauth.pages.html import button, choice, field, form, heading, link, page, paragraph
from api.oauth.pages.people import acted, invited, principal_of
from api.oauth.pages.signin import to_sign_in
from api.questions import Question
from api.texts import title_in
from twin.graph.model import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from api.oauth.pages.html import Markup
    from api.organisations import Organisation

__all__ = ["change_organisations", "organisations_page"]

_PURPOSE = "organisations"
_ADDRESS = "/account/organisations"


async def organisations_page(browser: Browser, problem: str = "", status: int = 200) -> Response:
    """Every organisation that the user is a member of."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    question = Question(browser.engine, principal_of(browser.signed_in.user.id))
    found = organisations.mine(question)
    return page(
        "Organisations",
        paragraph("Who is a member of an organisation has the roles that were given to it."),
        *(part for each in found for part in _organisation(browser, question, each)),
        *([] if found else [paragraph("You are in none.")]),
        heading("Make an organisation"),
        form(
            _ADDRESS,
            *carried(browser, _PURPOSE, do="create"),
            field("name", "Name"),
            button("Make it"),
        ),
        link("Who has access", "/account/access"),
        problem=problem,
        status=status,
    )


async def change_organisations(browser: Browser) -> Response:
    """Do what a form of the page asks for."""

    async def act(question: Question) -> Response | None:
        said = browser.said
        match said("do"):
            case "create":
                await organisations.create(question, said("name"), via="account")
            case "remove":
                await organisations.remove(question, said("organisation"), said("user"), via="account")
            case "end":
                await organisations.end(question, said("organisation"), via="account")
            case _:
                found = organisations.one(question, said("organisation"))
                made = await inviting.invite(question, said("email"), said("role"), found.entity.id)
                return invited(made, _ADDRESS)
        return None

    return await acted(browser, _PURPOSE, act, organisations_page, _ADDRESS)


def _organisation(browser: Browser, question: Question, each: Organisation) -> Iterator[Markup]:
    yield heading(each.name)
    own, identity = question.principal.subject, each.entity.id
    for member in each.members:
        name = "You" if member.user.id == own else title_in(member.user)
        yield paragraph(f"{name}: {member.standing}")
        if member.user.id == own or each.standing == "admin":
            yield form(
                _ADDRESS,
                *carried(browser, _PURPOSE, do="remove", organisation=identity, user=member.user.id),
                button(f"Leave {each.name}" if member.user.id == own else f"Remove {name}"),
            )
    if each.standing == "admin":
        yield form(
            _ADDRESS,
            *carried(browser, _PURPOSE, do="invite", organisation=identity),
            field("email", "E-mail address", "email", at=identity),
            choice("role", "As", {name: name for name in STANDINGS}, picked="member", at=identity),
            button(f"Invite into {each.name}"),
        )
        yield form(
            _ADDRESS,
            *carried(browser, _PURPOSE, do="end", organisation=identity),
            button(f"End {each.name}, with all its roles"),
        )
