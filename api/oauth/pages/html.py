"""A page: plain HTML that works without a script, with a keyboard, and read aloud.

Everything that comes from outside is escaped where it is put in (`text`); what is `Markup` was written here.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, NewType
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.responses import Response

__all__ = [
    "Markup",
    "button",
    "choice",
    "facts",
    "field",
    "form",
    "heading",
    "hidden",
    "items",
    "link",
    "page",
    "paragraph",
    "redirect",
    "text",
]

Markup = NewType("Markup", str)

_STYLE = """
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.2}h2{font-size:1.125rem}
label{display:block;margin:.75rem 0 .25rem}fieldset{margin:1rem 0;border:1px solid #767676;border-radius:.25rem}
fieldset label{margin:.25rem 0}
dt{font-weight:bold}dd{margin:0 0 .5rem}
input[type=text],input[type=email],input[type=password],input[type=date],select{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}
button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}
:focus-visible{outline:3px solid #1a73e8;outline-offset:2px}
.problem{border-left:.25rem solid #c5221f;padding-left:.75rem}
.code{font:1.25rem ui-monospace,monospace;letter-spacing:.1em}
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()


def text(said: str) -> Markup:
    """Words from anywhere, as words."""
    return Markup(escape(said, quote=True))


def page(title: str, *parts: Markup, problem: str = "", status: int = 200, leads_to: str = "") -> Response:
    """A whole page. ``leads_to`` is where its form ends up at last: browsers hold redirects against form-action too."""
    warning = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    heading = f"Problem: {title}" if problem else title
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(heading)} - Building twin</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{warning}{''.join(parts)}</main></body></html>"
    )
    return HTMLResponse(body, status, _headers(leads_to))


def redirect(address: str) -> Response:
    """On to another address, with GET, whatever came (303: a form's fields are not sent on; RFC 9700, 4.12)."""
    found = RedirectResponse(address, 303)
    found.headers["location"] = address  # as it was registered, character by character
    found.headers["Cache-Control"] = "no-store"
    return found


def paragraph(said: str) -> Markup:
    """Some words."""
    return Markup(f"<p>{escape(said)}</p>")


def items(heading: str, said: Iterable[str]) -> Markup:
    """A list under a heading."""
    return Markup(f"<h2>{escape(heading)}</h2><ul>{''.join(f'<li>{escape(each)}</li>' for each in said)}</ul>")


def form(action: str, *parts: Markup) -> Markup:
    """A form of ours."""
    return Markup(f'<form method="post" action="{escape(action)}">{"".join(parts)}</form>')


def hidden(name: str, value: str) -> Markup:
    """What a form carries along."""
    return Markup(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">')


def field(  # noqa: PLR0913 - each is one independent part of what is shown
    name: str,
    label: str,
    kind: str = "text",
    *,
    value: str = "",
    completes: str = "off",
    hint: str = "",
    required: bool = True,
    at: str = "",
) -> Markup:
    """Something to fill in, with its label; ``at`` tells it from those of the same name in other forms of a page."""
    known = escape(at + name)
    described = f' aria-describedby="{known}-hint"' if hint else ""
    said = f'<p id="{known}-hint">{escape(hint)}</p>' if hint else ""
    return Markup(
        f'<label for="{known}">{escape(label)}</label>{said}<input id="{known}" name="{name}" type="{kind}" '
        f'value="{escape(value)}" autocomplete="{completes}"{" required" if required else ""}{described}>'
    )


def heading(said: str) -> Markup:
    """What the next part is about."""
    return Markup(f"<h2>{escape(said)}</h2>")


def link(label: str, address: str) -> Markup:
    """A way to another page of ours."""
    return Markup(f'<p><a href="{escape(address)}">{escape(label)}</a></p>')


def button(label: str, name: str = "", value: str = "") -> Markup:
    """Something to press."""
    said = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    return Markup(f'<button type="submit"{said}>{escape(label)}</button>')


def choice(name: str, label: str, options: Mapping[str, str], *, picked: str = "", at: str = "") -> Markup:
    """One of several things to pick: value -> words. With none picked, the person has to."""
    shown = "".join(
        f'<option value="{escape(value)}"{" selected" if value == picked else ""}>{escape(words)}</option>'
        for value, words in (({} if picked else {"": "Choose …"}) | dict(options)).items()
    )
    return Markup(
        f'<label for="{escape(at + name)}">{escape(label)}</label>'
        f'<select id="{escape(at + name)}" name="{name}" required>{shown}</select>'
    )


def facts(said: Iterable[tuple[str, str]]) -> Markup:
    """Things and what is so of them."""
    return Markup(f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(what)}</dd>' for name, what in said)}</dl>")


def _headers(leads_to: str) -> dict[str, str]:
    to = f" {_source(leads_to)}" if leads_to else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'{to}; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        # A browser sends Origin with a form only to whom it tells the referrer, and we look at it.
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _source(address: str) -> str:
    """An address as a policy names it: its origin, or its scheme where it has none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
