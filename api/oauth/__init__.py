"""OAuth2 and sign-in: what programs ask, what people see, and the metadata by which clients find it all."""

from api.oauth import pages
from api.oauth.elsewhere import PEOPLE
from api.oauth.routes import router

__all__ = ["router"]

router.include_router(pages.router, dependencies=[PEOPLE])
