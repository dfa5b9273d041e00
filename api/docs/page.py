"""``/docs``: the OpenAPI document as a page for people. One page, no script, no style or font from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import TYPE_CHECKING, Any

from api.problems import CODES
from twin.access.principals import IDENTITY_SCOPES, SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["POLICY", "page"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h2 { margin-top: 3rem; border-bottom: 1px solid #d0d7de; } h3 { margin-top: 2rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f3f5f7; border-radius: 4px; }
code { padding: .1em .3em; } pre { padding: .8rem; overflow-x: auto; } pre code { padding: 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
border-bottom: 1px solid #e5e9ed; } .method { font-weight: 700; } nav ul { columns: 2; padding-left: 1.2rem; }
@media (prefers-color-scheme: dark) { body { background: #15181c; color: #dfe3e8; } a { color: #7ab7ff; }
code, pre { background: #21262c; } h2, th, td { border-color: #343b43; } }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page's Content-Security-Policy: its own style, and nothing else."""

_GRAPHQL = """{ sites { nodes { title
    devices(recursive: true) { nodes { title points { name reading { value unit time } } } } } } }"""


def page(document: Mapping[str, Any], issuer: str) -> str:
    """The page of an OpenAPI document, for a twin at an address."""
    body = "\n".join(_sections(document, issuer))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(document["info"]["title"])}</title><style>{_STYLE}</style></head>
<body>{body}</body></html>
"""


def _sections(document: Mapping[str, Any], issuer: str) -> Iterator[str]:
    tags = _by_tag(document)
    yield f"<h1>{escape(document['info']['title'])}</h1>"
    yield "".join(f"<p>{_prose(part)}</p>" for part in document["info"]["description"].strip().split("\n\n"))
    yield '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>'
    yield "<nav><ul>" + "".join(f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a></li>' for tag in tags)
    yield '<li><a href="#graphql">GraphQL</a></li><li><a href="#scopes">Scopes</a></li>'
    yield '<li><a href="#problems">Problems</a></li></ul></nav>'
    for tag, operations in tags.items():
        yield f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
        for method, path, operation in operations:
            yield from _operation(document, issuer, method, path, operation)
    yield from _graphql(issuer)
    yield from _table("Scopes", "scope", {**SCOPES, **IDENTITY_SCOPES})
    yield from _table("Problems", "code", CODES)


def _operation(
    document: Mapping[str, Any], issuer: str, method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<h3 id="{escape(operation["operationId"])}">{escape(operation["summary"])}</h3>'
    yield f'<p><code><span class="method">{method.upper()}</span> {escape(path)}</code></p>'
    yield f"<p>{_prose(operation.get('description', ''))}</p>"
    scopes = [scope for each in operation.get("security", []) for scope in each.get("OAuth2", [])]
    if scopes:
        yield f"<p>Scope: {', '.join(f'<code>{escape(scope)}</code>' for scope in scopes)}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        rows = "".join(_parameter(each) for each in parameters)
        yield f"<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>{rows}</table>"
    yield f"<pre><code>{escape(_curl(issuer, method, path, operation))}</code></pre>"
    yield f"<p>Answers: {', '.join(_answers(document, operation))}.</p>"


def _parameter(each: Mapping[str, Any]) -> str:
    text = _prose(each.get("description", ""))
    return f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td><td>{text}</td></tr>"


def _answers(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    for status, said in operation["responses"].items():
        fields = _fields(document, said) if status == "200" else ""
        yield f"<code>{escape(status)}</code> {escape(said['description'].rstrip('.'))}{fields}"


def _fields(document: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """The names of what a good answer holds, where they are described."""
    schema = said.get("content", {}).get("application/json", {}).get("schema", {})
    named = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"].get(named, schema).get("properties", {})
    return f" ({', '.join(f'<code>{escape(name)}</code>' for name in found)})" if found else ""


def _curl(issuer: str, method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The operation as a command that can be pasted, once ID and the like are replaced."""
    for each in operation.get("parameters", []):
        example = next(iter(each["schema"].get("examples", each.get("examples", []))), each["name"].upper())
        path = path.replace(f"{{{each['name']}}}", str(example))
    lines = [f"curl {issuer}{path}"]
    security = [name for each in operation.get("security", []) for name in each]
    if "OAuth2" in security:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if "InitialToken" in security:
        lines.append('-H "Authorization: Bearer $INITIAL_TOKEN"')
    if "ClientSecret" in security:
        lines.append('-u "$CLIENT_ID:$CLIENT_SECRET"')
    content = operation.get("requestBody", {}).get("content", {})
    for kind, body in sorted(content.items())[:1]:
        if kind == "application/json":
            lines += [f"-X {method.upper()}", f'-H "Content-Type: {kind}"', f"-d '{json.dumps(body['example'])}'"]
        else:
            lines += [f"-d {name}={value}" for name, value in body["example"].items()]
    return " \\\n    ".join(lines)


def _graphql(issuer: str) -> Iterator[str]:
    body = json.dumps({"query": " ".join(_GRAPHQL.split())})
    yield '<h2 id="graphql">GraphQL</h2>'
    yield "<p><code>POST /graphql</code>; <code>GET</code> for queries; WebSocket with the subprotocol "
    yield "<code>graphql-transport-ws</code> for subscriptions, the token in its header or as "
    yield '<code>{"authorization": "Bearer TOKEN"}</code> in <code>connection_init</code>; or events, where the header '
    yield "<code>Accept: text/event-stream</code> asks for them (<code>graphql-sse</code>, distinct connections).</p>"
    yield f"<pre><code>{escape(_GRAPHQL)}</code></pre>"
    command = f"curl {issuer}/graphql \\\n    -H \"Authorization: Bearer $TOKEN\" \\\n    --json '{body}'"
    yield f"<pre><code>{escape(command)}</code></pre>"


def _table(title: str, what: str, rows: Mapping[str, str]) -> Iterator[str]:
    yield f'<h2 id="{_anchor(title)}">{title}</h2><table><tr><th>{what.capitalize()}</th><th>Meaning</th></tr>'
    for name, meaning in rows.items():
        yield f'<tr id="{escape(name)}"><td><code>{escape(name)}</code></td><td>{_prose(meaning)}</td></tr>'
    yield "</table>"


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    tags: dict[str, list[tuple[str, str, Any]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tags.setdefault(operation["tags"][0], []).append((method, path, operation))
    return tags


def _anchor(text: str) -> str:
    return escape(text.lower().replace(" ", "-"))


def _prose(text: str) -> str:
    """Text with `code` in backticks, as HTML."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
