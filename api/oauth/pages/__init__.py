"""The pages that people see: sign-in, consent, what was granted. No script runs on them, and none is framed."""

from api.oauth.pages.routes import PAGES, router

__all__ = ["PAGES", "router"]
