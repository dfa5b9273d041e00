"""Rules are answered: which of the entities that grew fit, for each entity that asks.

What a rule means is said in `twin.graph.rules`, here as for live buildings. It is narrowed by what it must have
(``type is T``, ``within "PATH"``, ``in view:KEY``) before entities are looked at one by one. Bound: `MAX_LOOKED`
entities looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from twin.expressions import ExpressionError, names_in, parse_template
from twin.graph.rules import read_rule
from twin.topology.binding import bound, spelled
from twin.topology.circles import MAX_VIEWS
from twin.topology.grown import Link
from twin.topology.parts import Text
from twin.topology.rules import Words
from twin.topology.seeds import Naming, is_fixed_rule
from twin.topology.spelling import report_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.errors import Place
    from twin.expressions import Asked, Expression
    from twin.graph.rules import Rule
    from twin.ontology.model import EntityType, Ontology
    from twin.source import Diagnostics
    from twin.topology.finding import Finder
    from twin.topology.grown import Grown, Search, Sprout
    from twin.topology.parts import Rule as Asking

__all__ = ["MAX_LOOKED", "Searcher", "Spans"]

MAX_LOOKED = 10_000_000
_NOTHING = parse_template("")
Spans = list[tuple[int, int]]
"""Disjoint runs of positions, ascending; the last of each excluded."""


class _LostError(Exception):
    """A path or a view in a rule is wrong: it has been reported."""


class Searcher:
    """Answers rules over all that grew."""

    def __init__(self, grown: Grown, finder: Finder, ontology: Ontology, report: Diagnostics) -> None:
        self.all = list(grown.sprouts.values())
        """Each followed by all that stands in it."""
        self.asked: dict[str, dict[str, Place]] = {}
        """By path of a view: the views that its rule asks for, and where."""
        self._grown = grown
        self._finder = finder
        self._ontology = ontology
        self._report = report
        self._by_type: dict[str, list[int]] = {}
        for index, sprout in enumerate(self.all):
            self._by_type.setdefault(sprout.type, []).append(index)
        self._by_types: dict[frozenset[str], list[int]] = {}
        self._rules: dict[Search | Asking, tuple[Expression, Rule] | None] = {}
        self._texts: dict[Search | Asking, str | None] = {}
        self._fixed: dict[Asking, bool] = {}
        self._includable: dict[str, frozenset[str]] = {}
        self._words = Words(ontology)
        self._given = frozenset(name for sprout in self.all if sprout.properties for name in sprout.properties)
        self._looked = 0
        self._found: dict[Place, bool] = {}
        self._listed: Mapping[str, Iterable[str]] = {}
        self._covers: dict[str, Spans] = {}
        self._depth = 0

    # Rules as they are for one entity

    def rule(self, search: Search) -> Rule | None:
        """The rule with its names worked out; None where it is wrong, and has been reported."""
        known = self._known(search)
        return None if known is None else known[1]

    def text(self, search: Search) -> str | None:
        """The same as text, for whoever keeps it; None where it is wrong, and has been reported."""
        key = self._key(search)
        if key not in self._texts:
            known = self._known(search)
            try:
                self._texts[key] = None if known is None else spelled(known[0])
            except ExpressionError as error:
                report_expression(error, search.rule.scalar, self._report)
                self._texts[key] = None
        return self._texts[key]

    def _key(self, search: Search) -> Search | Asking:
        """What a rule is known by: itself, where it asks the same whoever asks."""
        fixed = self._fixed.get(search.rule)
        if fixed is None:
            fixed = self._fixed[search.rule] = is_fixed_rule(search.rule, self._grown.fixed)
        return search.rule if fixed else search

    def _known(self, search: Search) -> tuple[Expression, Rule] | None:
        key = self._key(search)
        if key not in self._rules:
            self._rules[key] = self._bound(search)
        return self._rules[key]

    def _bound(self, search: Search) -> tuple[Expression, Rule] | None:
        scalar, names = search.rule.scalar, search.names
        try:
            expression = bound(search.rule.expression, names, lambda asked, word: self._place(search, asked, word))
            self._check_properties(expression, search)
            return expression, read_rule(
                expression, self._ontology, complain=lambda error: report_expression(error, scalar, self._report)
            )
        except ExpressionError as error:
            report_expression(error, scalar, self._report)
        except _LostError:
            pass
        self._found[scalar.place] = True  # or might have
        return None

    def _place(self, search: Search, asked: Asked, word: str) -> str:
        """The path from the site on that a rule names, or the key of a view."""
        origin, at = search.origin, search.rule.scalar.within(*asked.word.span)
        site = origin.path.partition("/")[0]
        path = f"/{word}" if asked.question == "view" else word
        link = Link(origin, Naming(Text(search.rule.scalar, _NOTHING, search.rule.level)), path, at)
        full = self._finder.full(link, path) if asked.question == "within" else f"{site}/{word}"
        if full is None or (self._finder.find(link, path) is None and not self._finder.is_left_out(full)):
            raise _LostError
        if asked.question == "within":
            return full[len(site) :] or "/"
        found = self._grown.sprouts.get(full)
        if found is not None and found.part.kind != "view":
            message = f"'{word}' is a {found.part.kind}, and no view"
            help_ = f'ask for what stands in it: within "/{word}"'
            self._report.error("view.unknown", message, at, related=[(found.part.place, word)], help=help_)
            raise _LostError
        self.asked.setdefault(origin.path, {}).setdefault(full, at)
        return word

    def _check_properties(self, expression: Expression, search: Search) -> None:
        """Warn of properties that the topology gives to nothing."""
        for name in names_in(expression):
            if name.name in self._words.properties and name.name not in self._given:
                message = f"the topology gives nothing the property '{name.name}'"
                help_ = "rules go by the properties that the topology gives, never by what users or defaults say"
                place = search.rule.scalar.within(*name.span)
                self._report.warn("rule.property", message, place, help=help_)
                self._found[search.rule.scalar.place] = True

    # What rules find

    def find(self, search: Search, allowed: frozenset[str]) -> Iterator[Sprout]:
        """The entities of the types allowed that a rule is true of, but for the one that asks."""
        rule, place = self.rule(search), search.rule.scalar.place
        self._found.setdefault(place, False)
        if rule is None:
            return
        positions = self._candidates(rule, allowed)
        self._looked += len(positions)
        if self._looked > MAX_LOOKED:
            message = f"rules look at more than {MAX_LOOKED:,} entities"
            self._report.error("topology.large", message, place, help='narrow them: type is T and within "PATH"')
            return
        for position in positions:
            sprout = self.all[position]
            if sprout is not search.origin and rule.fits(sprout, self):
                self._found[place] = True
                yield sprout

    def ask(self, view: Search) -> None:
        """Note whether the rule of a view finds anything."""
        place = view.rule.scalar.place
        if not self._found.get(place) and next(self.find(view, self.includable(view.origin)), None) is not None:
            self._found[place] = True

    def warn_of_nothing(self) -> None:
        """Warn of every rule that found nothing, whoever asked."""
        for place, found in self._found.items():
            if not found and not self._report.has_errors:
                help_ = "nothing of that kind is there, or it is not allowed here"
                self._report.warn("rule.empty", "this rule finds nothing", place, help=help_)

    def _candidates(self, rule: Rule, allowed: frozenset[str]) -> list[int]:
        known = self.of_types(allowed if rule.types is None else allowed & rule.types)
        if rule.within is not None:
            site = self.all[0].path if self.all else ""
            return within(known, merged(self.below(f"{site}{path}") for path in rule.within))
        if rule.inside is not None:
            site = self.all[0].path if self.all else ""
            return within(known, merged(span for key in rule.inside for span in self.cover(f"{site}/{key}")))
        return known

    def of_types(self, types: frozenset[str]) -> list[int]:
        """The positions of all entities of these concrete types."""
        if types not in self._by_types:
            found = (position for name in types for position in self._by_type.get(name, ()))
            self._by_types[types] = sorted(found)
        return self._by_types[types]

    def below(self, path: str) -> tuple[int, int]:
        """The positions of what stands in the entity of a path."""
        sprout = self._grown.sprouts.get(path)
        return (0, 0) if sprout is None else (sprout.position + 1, sprout.end)

    # What views include

    def listed(self, members: Mapping[str, Iterable[str]]) -> None:
        """Know the paths that views list, by the path of the view."""
        self._listed = members

    def cover(self, view: str) -> Spans:
        """Where what a view includes stands, with all that is in it, and in views within the view."""
        if view not in self._covers:
            self._covers[view] = []  # what asks for itself includes nothing so
            if self._depth <= MAX_VIEWS:  # a longer chain has been reported
                self._depth += 1
                self._covers[view] = merged(self._covered(view))
                self._depth -= 1
        return self._covers[view]

    def covers(self, view: str, sprout: Sprout) -> bool:
        """Whether the view at a path includes an entity: itself, with what contains it, or through another view."""
        position, spans = sprout.position, self.cover(view)
        at = bisect_right(spans, position, key=lambda span: span[0]) - 1
        return at >= 0 and position < spans[at][1]

    def _covered(self, view: str) -> Iterator[tuple[int, int]]:
        for path in self._listed.get(view, ()):
            listed = self._grown.sprouts[path]
            if listed.part.kind == "view":
                yield from self.cover(path)
            else:
                yield listed.position, listed.end
        search = self._grown.views.get(view)
        if search is not None:
            for sprout in self.find(search, self.includable(search.origin)):
                yield sprout.position, sprout.end

    def includable(self, view: Sprout) -> frozenset[str]:
        """The concrete types of spaces and devices that a view may include by rule."""
        if view.type not in self._includable:
            self._includable[view.type] = self._includable_by(view.seed.prepared.type)
        return self._includable[view.type]

    def _includable_by(self, found: EntityType | None) -> frozenset[str]:
        names = ("core/Space", "core/Device") if found is None or found.of is None else found.of
        types = frozenset[str]().union(*(self._ontology.concrete(name) for name in names))
        return frozenset(name for name in types if self._ontology.types[name].kind in {"space", "device"})


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same positions in disjoint runs."""
    made: Spans = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        elif start < end:
            made.append((start, end))
    return made


def within(positions: list[int], spans: Spans) -> list[int]:
    """Those of the positions that lie in the spans."""
    return [
        position
        for start, end in spans
        for position in positions[bisect_left(positions, start) : bisect_left(positions, end)]
    ]
