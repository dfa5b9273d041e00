"""The account: what a user let apps do, and its end at the press of a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.oauth.pages.consent import carried, scope_words, site_titles
from api.oauth.pages.html import button, form, items, link, page, paragraph, redirect
from api.oauth.pages.signin import to_sign_in
from twin.times import rfc3339

if TYPE_CHECKING:
    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from api.oauth.pages.html import Markup
    from twin.access.authorizations import Authorization

__all__ = ["account_page", "take_back"]


def account_page(browser: Browser) -> Response:
    """Every app that may act for the user, and what it may."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    user = browser.signed_in.user
    held: dict[str, list[Authorization]] = {}
    for each in browser.authority.authorizations.of_user(user.id):
        held.setdefault(each.client, []).append(each)
    apps = [part for client, found in held.items() for part in _app(browser, client, found)]
    return page(
        "Your account",
        paragraph(f"You are signed in as {user.name} ({user.email})."),
        *(apps or (paragraph("No app may act for you."),)),
        link("Who has access, and invitations", "/account/access"),
        link("Organisations", "/account/organisations"),
        form("/logout", *carried(browser, "account"), button("Sign out")),
    )


def take_back(browser: Browser) -> Response:
    """End all that an app may do, its tokens and its open connections with it."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    client = browser.said("client")
    if not browser.proves(f"take back {client}"):
        return page("Your account", paragraph("The form was too old: go back and try again."), status=403)
    browser.authority.end(browser.signed_in.user.id, client)
    return redirect("/account")


def _app(browser: Browser, client_id: str, found: list[Authorization]) -> list[Markup]:
    client = browser.authority.clients.find(client_id)
    if client is None:
        return []
    scopes = frozenset[str]().union(*(each.scopes for each in found)) & client.scopes
    sites = frozenset[str]().union(*(each.sites for each in found))
    since = rfc3339(min(each.created for each in found))[:10]
    title = client.application.title
    where = ", ".join(site_titles(browser, sites).values())
    return [
        items(f"{title} may", scope_words(scopes)),
        paragraph(f"Since {since}" + (f", in: {where}." if where else ".")),
        form(
            "/account/revoke",
            *carried(browser, f"take back {client_id}", client=client_id),
            button(f"End this for {title}"),
        ),
    ]
