"""Views may include views, and rules may ask for what views include, but nothing may depend on itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place
    from twin.source import Diagnostics

__all__ = ["MAX_VIEWS", "Steps", "report_circles"]

MAX_VIEWS = 30
"""How many views may depend on each other in a row."""

Steps = dict[str, dict[str, "Place"]]
"""By path of a view: the views that it includes or asks for, and where it says so."""


def report_circles(includes: Steps, asked: Steps, report: Diagnostics) -> None:
    """Report every circle of views that include, or of those that also ask for, each other."""
    before = len(report)
    _report(includes, "views include each other in a circle", "take one member away", report)
    both = {view: {**asked.get(view, {}), **includes.get(view, {})} for view in (*asked, *includes)}
    if len(report) == before:
        help_ = "take one member away, or ask for something else"
        _report(both, "what views include depends on itself", help_, report)
    if len(report) == before:
        _report_chain(both, report)


def _report(steps: Steps, message: str, help_: str, report: Diagnostics) -> None:
    done: set[str] = set()
    for start in steps:
        for circle, place in _circles(start, steps, done):
            report.error("view.cycle", f"{message}: {' → '.join(circle)}", place, help=help_)


def _report_chain(steps: Steps, report: Diagnostics) -> None:
    """Report the first place from where too many views depend on each other; there is no circle among them."""
    depths: dict[str, int] = {}
    for start in steps:
        pending = [start]
        while pending:
            path = pending[-1]
            inner = [each for each in steps.get(path, {}) if each not in depths]
            if inner:
                pending += inner
                continue
            pending.pop()
            depths[path] = 1 + max((depths[each] for each in steps.get(path, {})), default=0)
            if depths[path] > MAX_VIEWS:
                message = f"more than {MAX_VIEWS} views that depend on each other in a row"
                help_ = "ask for what the last of them asks for"
                report.error("topology.deep", message, next(iter(steps[path].values())), help=help_)
                return


def _circles(start: str, steps: Steps, done: set[str]) -> Iterator[tuple[list[str], Place]]:
    trail: list[str] = []
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        path, leaving = pending.pop()
        if leaving:
            trail.pop()
            done.add(path)
        elif path not in done:
            trail.append(path)
            pending.append((path, True))
            for inner, place in steps.get(path, {}).items():
                if inner in trail:
                    yield [*trail[trail.index(inner) :], inner], place
                elif inner not in done:
                    pending.append((inner, False))
