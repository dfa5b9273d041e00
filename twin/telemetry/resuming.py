"""Where the work goes on after a start: what a journal holds, beside what a store says of how far it was worked in.

They belong together, unless one of them was restored, recreated or moved away without the other. Pure. Invariants: no
message of the journal is skipped that the store has not seen, no number is given twice, and what is missing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from twin.store import Watermark
    from twin.telemetry.journal import Extent

__all__ = ["Finding", "Start", "start"]


class Finding(NamedTuple):
    """That a journal and a store do not belong together, in words for whoever runs them."""

    code: str
    message: str
    help: str


class Start(NamedTuple):
    """Where to go on."""

    since: int
    """The journal is worked through from this message on."""
    next: int
    """The next new message gets no number below this."""
    missing: int = 0
    """Messages that were acknowledged once, and that neither the store nor the journal has."""
    findings: tuple[Finding, ...] = ()


def start(journal: Extent, watermark: Watermark, lettered: int = 0) -> Start:
    """``lettered``: the number after that of the newest dead letter of this journal."""
    findings = []
    ours = watermark.journal == journal.id
    since = watermark.offset if ours else 0
    if watermark.journal and not ours:
        findings.append(_other(journal, watermark))
    missing = max(journal.first - since, 0)
    if missing:
        findings.append(_gap(journal, missing))
    seen = max(since, lettered)
    if seen > journal.next:
        findings.append(_behind(journal, seen))
    return Start(since, max(seen, journal.next), missing, tuple(findings))


def _other(journal: Extent, watermark: Watermark) -> Finding:
    return Finding(
        code="journal.other",
        message=f"the store was fed from journal {watermark.journal}, up to message {watermark.offset}; here is "
        f"journal {journal.id}: all of its {journal.next - journal.first} messages are worked in",
        help="was the journal's directory moved away, or the graph of another directory named? What the other journal "
        "holds beyond that message is worked in only beside a store that knows it",
    )


def _gap(journal: Extent, missing: int) -> Finding:
    return Finding(
        code="journal.gap",
        message=f"{missing} messages are missing: the store has not seen them, and the journal begins after them, at "
        f"{journal.first}",
        help="the store is an older copy than the journal reaches back: restore a newer one, or have the messages sent "
        "again by those who still have them",
    )


def _behind(journal: Extent, seen: int) -> Finding:
    return Finding(
        code="journal.behind",
        message=f"the journal ends at message {journal.next}, and messages up to {seen} were worked in already: new "
        f"ones are numbered from {seen} on",
        help="the journal is an older copy, or its disk lost what it took; nothing of the current state is missing",
    )
