"""How clients find what they need, from nothing but the twin's address (RFC 8414, RFC 9728, OpenID Discovery)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.oauth.server import METHODS, PRIVATE_METHODS
from twin.access.applications import GRANTS, MACHINE
from twin.access.assertions import ALGORITHMS
from twin.access.commissioning import BOX_CLIENT
from twin.access.principals import IDENTITY_SCOPES, SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["authorization_server", "for_machines", "protected_resource"]

_OF_PEOPLE = (
    "authorization_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "userinfo_endpoint",
    "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported",
    "response_modes_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "claims_supported",
    "prompt_values_supported",
    "commissioning_client_id",
    "commissioning_key_endpoint",
)
"""What is not said where people sign in elsewhere."""


def authorization_server(issuer: str, pages: str) -> dict[str, Any]:
    """RFC 8414, section 2, with what RFC 7636, 8628, 9126, 9207 and OpenID Connect Discovery (section 3) add, and what
    gateways and devices need that come from the factory (``commissioning_…``).

    One document for both: a client that finds us by one of them may still sign users in. ``pages`` is the origin at
    which they do.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{pages}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "registration_endpoint": f"{issuer}/oauth/register",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "commissioning_client_id": BOX_CLIENT,
        "commissioning_key_endpoint": f"{issuer}/oauth/commissioning/key",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "scopes_supported": [*SCOPES, *IDENTITY_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": PRIVATE_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "authorization_response_iss_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "email"],
        "claims_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "service_documentation": f"{issuer}/docs",
    }


def for_machines(document: dict[str, Any]) -> dict[str, Any]:
    """The same of a server at which no people sign in: clients get tokens in their own name, and that is all."""
    left = {name: value for name, value in document.items() if name not in _OF_PEOPLE}
    only = {"grant_types_supported": [MACHINE], "response_types_supported": [], "scopes_supported": list(SCOPES)}
    return {**left, **only}


def protected_resource(issuer: str, audience: str, servers: Sequence[str]) -> dict[str, Any]:
    """RFC 9728, section 2; ``servers`` are the issuers whose tokens are taken."""
    return {
        "resource": audience,
        "authorization_servers": list(servers),
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "Building twin",
        "resource_documentation": f"{issuer}/docs",
    }
