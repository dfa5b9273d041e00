"""Every code the twin says no with, explained: what it means, and what to do about it.

    pages/CODE.md   mistakes in documents: the meaning, an example that gives the code, and the same example put right
    RUNTIME         what commands, scripts and servers refuse
    DEADLETTERS     why a message, or a reading in it, could not be used

What a page shows as the message is what its example gives at that moment: it cannot be out of date.
"""

from twin.explain.causes import Cause
from twin.explain.deadletters import DEADLETTERS
from twin.explain.example import Document, Example
from twin.explain.page import Page, pages, sentence
from twin.explain.runtime import RUNTIME

__all__ = ["DEADLETTERS", "RUNTIME", "Cause", "Document", "Example", "Page", "pages", "sentence"]
