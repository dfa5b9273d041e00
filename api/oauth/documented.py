"""What OpenAPI says of the addresses of OAuth2 that FastAPI cannot see: forms, and the RFCs' own errors."""

from __future__ import annotations

from typing import Any

from api.oauth.forms import FORM
from twin.access.applications import GRANTS
from twin.access.principals import IDENTITY_SCOPES, SCOPES

__all__ = [
    "BOX_DOCS",
    "DEVICE_DOCS",
    "KEY_DOCS",
    "PUSH_DOCS",
    "REGISTER_DOCS",
    "TOKEN_ASKED_DOCS",
    "TOKEN_DOCS",
    "USERINFO_DOCS",
]

_TEXT = {"type": "string"}
_SECONDS = {"type": "integer", "description": "Seconds."}
_SCOPE = {
    "type": "string",
    "description": "Separated by spaces; without it, all that the client may have: "
    + ", ".join([*SCOPES, *IDENTITY_SCOPES]),
}
_CLIENT = {
    "client_id": {"type": "string", "description": "Unless HTTP Basic is used."},
    "client_secret": {"type": "string", "description": "Unless HTTP Basic or a key of the client's is used."},
    "client_assertion_type": {"type": "string", "description": "With client_assertion: RFC 7523, section 2.2."},
    "client_assertion": {"type": "string", "description": "A JWT that the client has signed (private_key_jwt)."},
}
_ASKED = (
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "prompt",
    "code_challenge",
    "code_challenge_method",
)
_ERRORS = {
    "400": {"description": "The request is malformed, or asks for what the client may not have (RFC 6749, 5.2)."},
    "401": {"description": "The client has not shown who it is."},
}
_SECURITY: list[dict[str, list[str]]] = [{"ClientSecret": []}, {}]


def _form(required: list[str], properties: dict[str, Any], example: dict[str, str]) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": {**properties, **_CLIENT}}
    return {"required": True, "content": {FORM: {"schema": schema, "example": example}}}


def _json(description: str, required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": properties}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


TOKEN_DOCS: dict[str, Any] = {
    "requestBody": _form(
        ["grant_type"],
        {
            "grant_type": {"type": "string", "enum": list(GRANTS)},
            "scope": _SCOPE,
            "code": {"type": "string", "description": "Of authorization_code."},
            "code_verifier": {"type": "string", "description": "Of authorization_code: PKCE (RFC 7636)."},
            "redirect_uri": {"type": "string", "description": "Of authorization_code: as it was asked for."},
            "refresh_token": {"type": "string", "description": "Of refresh_token: good once; the answer has the next."},
            "device_code": {"type": "string", "description": "Of the device grant (RFC 8628)."},
            "resource": {"type": "string", "description": "This server's own address (RFC 8707), if anything."},
        },
        {"grant_type": "client_credentials", "scope": "twin:read"},
    ),
    "security": _SECURITY,
    "responses": {
        "200": _json(
            "A token.",
            ["access_token", "token_type", "expires_in", "scope"],
            {
                "access_token": _TEXT,
                "token_type": {"type": "string", "const": "Bearer"},
                "expires_in": _SECONDS,
                "scope": _TEXT,
                "refresh_token": _TEXT,
                "id_token": _TEXT,
            },
        ),
        **_ERRORS,
    },
}
TOKEN_ASKED_DOCS: dict[str, Any] = {
    "requestBody": _form(["token"], {"token": _TEXT, "token_type_hint": _TEXT}, {"token": "…"}),
    "security": _SECURITY,
    "responses": _ERRORS,
}
USERINFO_DOCS: dict[str, Any] = {
    "security": [{"OAuth2": ["openid"]}],
    "responses": {
        "200": _json("The user.", ["sub"], {"sub": _TEXT, "name": _TEXT, "email": _TEXT}),
        "401": {"description": "No token, or one that does not verify."},
    },
}
DEVICE_DOCS: dict[str, Any] = {
    "requestBody": _form(
        [],
        {
            "scope": _SCOPE,
            "serial": {"type": "string", "description": "Of a box, with the client id commissioning: as declared."},
            "claim_code": {"type": "string", "description": "Of a box: as it is printed on it."},
        },
        {"scope": "twin:read"},
    ),
    "security": _SECURITY,
    "responses": {
        "200": _json(
            "The codes.",
            ["device_code", "user_code", "verification_uri", "expires_in", "interval"],
            {
                "device_code": _TEXT,
                "user_code": _TEXT,
                "verification_uri": _TEXT,
                "verification_uri_complete": _TEXT,
                "expires_in": _SECONDS,
                "interval": _SECONDS,
            },
        ),
        **_ERRORS,
    },
}
_BOX: dict[str, Any] = {
    "client_id": _TEXT,
    "issuer": _TEXT,
    "token_endpoint": _TEXT,
    "token_endpoint_auth_method": {"type": "string", "const": "private_key_jwt"},
    "scope": _TEXT,
    "mqtt": {"type": "string", "description": "Where it publishes, with an access token as the password."},
    "site": {"type": "string", "description": "The key of its site."},
    "device": {"type": "string", "description": "The id of the gateway or device that it is."},
    "path": _TEXT,
    "topics": {"type": "array", "items": _TEXT, "description": "Its own, and those of what it connects."},
}
KEY_DOCS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["jwk", "proof"],
                    "properties": {
                        "jwk": {"type": "object", "description": "The public key: EC P-256, or RSA of 2,048 bits."},
                        "proof": {
                            "type": "string",
                            "description": "A JWT that the key has signed: typ commissioning+jwt; aud, this address; "
                            "ath, the SHA-256 (base64url) of the token, or of the client_assertion.",
                        },
                        "client_assertion": {
                            "type": "string",
                            "description": "Instead of the token: a JWT that the key of before has signed, as for "
                            "private_key_jwt; aud, this address; jkt, the thumbprint (RFC 7638) of the new key.",
                        },
                    },
                },
                "example": {"jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "proof": "…"},
            }
        },
    },
    "security": [{"OAuth2": []}, {}],
    "responses": {
        "200": _json("The box, with another key.", list(_BOX), _BOX),
        "201": _json("The box.", list(_BOX), _BOX),
        "400": {"description": "The request is malformed, or the key is none that a box may have."},
        "401": {"description": "Token or statement, key and proof do not belong together, or the token was used."},
    },
}
BOX_DOCS: dict[str, Any] = {
    "security": [{"OAuth2": ["telemetry:write"]}],
    "responses": {
        "200": _json("The box.", list(_BOX), _BOX),
        "401": {"description": "No token, or one that does not verify."},
        "403": {"description": "The token is of no box."},
    },
}
PUSH_DOCS: dict[str, Any] = {
    "requestBody": _form(
        ["response_type", "code_challenge", "code_challenge_method"],
        dict.fromkeys(_ASKED, _TEXT),
        {"response_type": "code", "code_challenge": "…", "code_challenge_method": "S256"},
    ),
    "security": _SECURITY,
    "responses": {
        "201": _json(
            "Where the request waits.", ["request_uri", "expires_in"], {"request_uri": _TEXT, "expires_in": _SECONDS}
        ),
        **_ERRORS,
    },
}
REGISTER_DOCS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "RFC 7591, section 2."},
                "example": {
                    "client_name": "Comfort",
                    "redirect_uris": ["https://app.example/back"],
                    "grant_types": ["authorization_code", "refresh_token"],
                    "token_endpoint_auth_method": "none",
                },
            }
        },
    },
    "security": [{"InitialToken": []}],
    "responses": {"201": {"description": "The client, with its id (RFC 7591, section 3.2.1)."}, **_ERRORS},
}
