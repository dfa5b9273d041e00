"""How clients find what they need, from nothing but the twin's address (RFC 8414, RFC 9728)."""

from __future__ import annotations

from typing import Any

from api.oauth.server import METHODS
from twin.access.principals import SCOPES

__all__ = ["authorization_server", "protected_resource"]


def authorization_server(issuer: str) -> dict[str, Any]:
    """RFC 8414, section 2. There is no authorization endpoint, so no response type is supported."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "scopes_supported": list(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": METHODS,
        "service_documentation": f"{issuer}/docs",
    }


def protected_resource(issuer: str, audience: str) -> dict[str, Any]:
    """RFC 9728, section 2."""
    return {
        "resource": audience,
        "authorization_servers": [issuer],
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "Building twin",
        "resource_documentation": f"{issuer}/docs",
    }
