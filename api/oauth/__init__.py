"""OAuth2: the token endpoint, the keys and the metadata by which clients find them."""

from api.oauth.routes import router

__all__ = ["router"]
