"""What an expression got wrong, and where in its text."""

from __future__ import annotations

__all__ = ["ExpressionError"]


class ExpressionError(Exception):
    """A mistake in an expression, between two characters of its text: whoever knows where the text stands makes a
    diagnostic of it.
    """

    def __init__(self, code: str, message: str, span: tuple[int, int], help: str = "") -> None:  # noqa: A002 - the word of the diagnostic
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.help = help

    def moved(self, offset: int) -> ExpressionError:
        """The same, in a longer text in which this one begins at ``offset``."""
        start, end = self.span
        return ExpressionError(self.code, self.message, (start + offset, end + offset), self.help)
