"""What is refused because of external issuers and whom they name: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["ISSUERS"]


ISSUERS: dict[str, Cause] = {
    "identity.linked": Cause(
        "That subject of the external issuer stands for another user or client already.",
        "twin issuer list shows whom; end that first: twin issuer unlink ISSUER SUBJECT.",
    ),
    "identity.unknown": Cause(
        "The token of an external issuer is good, and whoever it is about is nobody here, or has been kept out.",
        "Add them (twin user add EMAIL; a verified address is known the first time), or link them: "
        "twin issuer link ISSUER SUBJECT WHO.",
    ),
    "identity.unlinked": Cause(
        "No user or client is linked to that subject of the external issuer.", "twin issuer list shows who is."
    ),
    "issuer.invalid": Cause(
        "What an external issuer publishes is not what it must be: its metadata are another's, or hold no usable keys.",
        "Compare issuer, discovery and algorithms with what the provider says; twin doctor tries it.",
    ),
    "issuer.unknown": Cause(
        "No external issuer has that name in the file of TWIN_ISSUERS.", "The message lists those there are."
    ),
    "issuer.unreachable": Cause(
        "An external issuer's metadata or keys cannot be fetched. Its last keys count on for a while (stale_hours).",
        "Check address, network, proxy and certificates from the machine of the twin; twin doctor tries it.",
    ),
    "issuer.waiting": Cause(
        "A token cannot be judged before the keys of its issuer, or who it is about, have been looked up.",
        "Try again in a moment. If it stays so, the issuer cannot be reached: twin doctor says why.",
    ),
    "issuers.invalid": Cause(
        "The file of the external issuers cannot mean what it says.",
        "The message says where. The least there may be is [issuers.our-login] with issuer = "
        '"https://login.example" and audience = "https://twin.example".',
    ),
}
