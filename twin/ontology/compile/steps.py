"""What can be said of the steps of a migration without the older version, which is not at hand: that what they lead to
is there, that what they take away is not, and that units and values are right.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from twin.expressions import ExpressionError, parse_rule
from twin.ontology.compile.following import qualified, today
from twin.ontology.compile.scope import unit_named
from twin.ontology.compile.subjects import Subject, members
from twin.ontology.model import PointType, PropertyType, Step
from twin.ontology.values import plain
from twin.source import ListNode, MapNode, Scalar, did_you_mean
from twin.units import compatible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from twin.ontology.compile.drafts import Draft
    from twin.ontology.compile.following import Fates
    from twin.ontology.compile.subjects import Subjects
    from twin.ontology.model import Default
    from twin.source import Entry

__all__ = ["Steps"]


class Steps:
    """Makes steps of the drafts of one migration, and reports those that cannot be right."""

    def __init__(self, fates: Fates, later: Sequence[Fates], subjects: Subjects, *, early: bool) -> None:
        """``later`` migrations lead on to this version; an ``early`` one leads to a version still to come."""
        self._fates = fates
        self._later = later
        self._early = early
        self._subjects = subjects
        self._report = subjects.report
        self._told: dict[tuple[str, str], Scalar] = {}

    def of(self, draft: Draft) -> Iterator[Step]:
        """The steps of a draft: one, but for a merge, which has one for each type that goes."""
        if draft.kind == "default":
            names: tuple[str, ...] = draft.names
        else:
            names = tuple(map(self._fates.older, draft.names))
        if not all(self._first(draft, name, word) for name, word in zip(names, draft.words, strict=True)):
            return
        match draft.kind:
            case "rename":
                yield from self._rename(draft, names[0])
            case "remove":
                self._check_gone(names[0], draft.words[0], "removed")
                yield Step("remove", names[0], reason=draft.node.text("reason") or "", place=draft.words[0].place)
            case "split":
                yield from self._split(draft, names[0])
            case "merge":
                yield from self._merge(draft, names)
            case "convert":
                yield from self._convert(draft, names[0])
            case "default":
                yield from self._default(draft, names[0])

    def _first(self, draft: Draft, name: str, word: Scalar) -> bool:
        """Whether no other step says what becomes of it."""
        about = draft.kind if draft.kind in {"convert", "default"} else "name"
        first = self._told.setdefault((about, name), word)
        if first is not word:
            message = f"a second step says what becomes of {word.text}"
            related = [(first.place, "the first")]
            self._report.error("step.duplicate", message, word.place, related=related, help="take one of them away")
        return first is word

    def _rename(self, draft: Draft, name: str) -> Iterator[Step]:
        word, to = draft.words[0], draft.node.scalar("to")
        owner, dot, _ = name.partition(".")
        if to is None or not self._spelled(to, member=bool(dot)):
            return
        targets = [f"{each}.{to.text}" for each in self._fates.of(owner)] if dot else [f"{draft.document}/{to.text}"]
        if self._check_there(targets, to):
            self._check_gone(name, word, "renamed")
        yield Step("rename", name, to=(to.text,), place=word.place)

    def _spelled(self, to: Scalar, *, member: bool) -> bool:
        if to.text.isidentifier() and to.text[0].islower() == member:
            return True
        help_ = "give the new name alone: temperature" if member else "give the type's new name: Heater"
        self._report.error("value.invalid", f"'{to.text}' cannot be the new name", to.place, help=help_)
        return False

    def _split(self, draft: Draft, name: str) -> Iterator[Step]:
        cases = draft.node.under("to")
        sound = all(entry.key.text.rpartition("/")[2][:1].isupper() for entry in cases)  # else it has been reported
        if not sound or not self._only_types(draft, "split") or not self._enough(cases, draft.words[0]):
            return
        if all([self._becomes(entry.key, draft) for entry in cases]):  # noqa: C419 - each is looked at, and reported
            self._check_gone(name, draft.words[0], "split")
        self._check_rules(cases)
        names = {entry.key.text: qualified(entry.key.text, draft.document, self._subjects) for entry in cases}
        rules = {names[entry.key.text]: rule.text for entry in cases if (rule := _rule(entry)) is not None}
        to = tuple(names.values())
        yield Step("split", name, to=to, when=MappingProxyType(rules), place=draft.words[0].place)

    def _enough(self, cases: Sequence[Entry], word: Scalar) -> bool:
        if len(cases) < 2:  # noqa: PLR2004 - several are two at least
            help_ = "a type that gets another name is renamed"
            self._report.error("value.invalid", f"{word.text} is split into one type", word.place, help=help_)
        return len(cases) > 1

    def _check_rules(self, cases: Iterable[Entry]) -> None:
        open_ = [entry.key for entry in cases if isinstance(entry.value, MapNode) and "rule" not in entry.value]
        if len(open_) > 1:
            message = f"{open_[0].text} and {open_[1].text} have no rule: which of them it becomes is not said"
            related = [(open_[0].place, "the first without")]
            self._report.error("split.ambiguous", message, open_[1].place, related=related, help="give one a 'rule'")
        for entry in cases:
            rule = _rule(entry)
            if rule is not None:
                try:
                    parse_rule(rule.text)
                except ExpressionError as error:
                    self._report.error(error.code, error.message, rule.within(*error.span), help=error.help)

    def _merge(self, draft: Draft, names: Sequence[str]) -> Iterator[Step]:
        to = draft.node.scalar("to")
        if to is None or not self._only_types(draft, "merged"):
            return
        target = qualified(to.text, draft.document, self._subjects)
        sound = self._becomes(to, draft)
        for name, word in zip(names, draft.words, strict=True):
            if name != target:
                if sound:
                    self._check_gone(name, word, "merged")
                yield Step("merge", name, to=(target,), place=word.place)

    def _only_types(self, draft: Draft, done: str) -> bool:
        wrong = next((word for word in draft.words if "." in word.text), None)
        if wrong is not None:
            message = f"only types can be {done}, and {wrong.text} is a member of one"
            help_ = "what two of them said cannot become what one says: remove one, with a reason"
            self._report.error("step.subject", message, wrong.place, help=help_ if done == "merged" else "rename it")
        return wrong is None

    def _becomes(self, word: Scalar, draft: Draft) -> bool:
        """Whether something can become a type: it is there, and concrete."""
        name = qualified(word.text, draft.document, self._subjects)
        if not self._check_there([name], word):
            return False
        found = self._subjects.look_up(name)
        if found is not None and found.type.abstract and not self._later and not self._early:
            message = f"{word.text} is abstract: nothing can become just that"
            related = [(found.type.place, name)]
            self._report.error("type.abstract", message, word.place, related=related, help="name a concrete type")
            return False
        return True

    def _convert(self, draft: Draft, name: str) -> Iterator[Step]:
        word = draft.words[0]
        from_, to = (unit_named(unit, self._report) for key in ("from", "to") if (unit := draft.node.scalar(key)))
        if from_ is None or to is None or not self._convertible(draft, from_, to):
            return
        if not self._check_there(self._fates.of(name), word):
            return
        for subject in () if self._early else self._subjects_of(today(self._fates.of(name), self._later)):
            if not isinstance(subject.member, PointType | PropertyType) or subject.member.unit is None:
                message = (
                    f"{subject.short} is {subject.sort} without a unit"
                    if subject.member
                    else f"{subject.short} is a type"
                )
                help_ = "convert a point or a property that has a unit"
                self._report.error("step.subject", message, word.place, help=help_)
                return
            if subject.member.unit != to and not self._converted_later(self._fates.of(name)):
                message = f"{subject.short} is in '{subject.member.unit}', not in '{to}'"
                related = [(subject.member.place, subject.name)]
                place = draft.node.place_of("to")
                help_ = f"write 'to: {subject.member.unit}', or correct the unit there"
                self._report.error("convert.unit", message, place, related=related, help=help_)
                return
        yield Step("convert", name, units=(from_, to), place=word.place)

    def _convertible(self, draft: Draft, from_: str, to: str) -> bool:
        if from_ == to:
            message = f"it was in '{from_}' already"
            help_ = "name two units, or take this step away"
            self._report.error("convert.unit", message, draft.node.place_of("from"), help=help_)
        elif not compatible(from_, to):
            message = f"nothing converts '{from_}' to '{to}'"
            help_ = "a point that measures something else is another point: remove the old one, with a reason"
            self._report.error("unit.incompatible", message, draft.node.place_of("from"), help=help_)
        return from_ != to and compatible(from_, to)

    def _converted_later(self, names: Sequence[str]) -> bool:
        """Whether a later migration converts what has one of these names after this one."""
        for fates in self._later:
            drafts = (draft for draft in fates.written.drafts if draft.kind == "convert")
            if any(fates.older(draft.names[0]) in names for draft in drafts):
                return True
            names = today(names, [fates])
        return False

    def _default(self, draft: Draft, name: str) -> Iterator[Step]:
        word = draft.words[0]
        if self._early:
            value = _raw(draft.node)
            if value is not None:
                yield Step("default", name, value=value, place=word.place)
            return
        if not self._check_there([name], word):
            return
        for subject in self._subjects_of(today([name], self._later)):
            wanted = subject.member
            setting = isinstance(wanted, PointType) and wanted.section == "configuration"
            if not isinstance(wanted, PropertyType) and not setting:
                message = f"{subject.short} is neither a property nor a setting"
                help_ = "what it says comes from devices" if isinstance(wanted, PointType) else "name one of those"
                self._report.error("step.subject", message, word.place, help=help_)
            elif isinstance(wanted, PropertyType | PointType):
                if self._converted_later([name]):  # its bounds were others then
                    wanted = replace(wanted, minimum=None, maximum=None)
                value = self._value(draft, wanted)
                if value is not None:
                    yield Step("default", name, value=value, place=word.place)
            return

    def _value(self, draft: Draft, wanted: PropertyType | PointType) -> Default | None:
        found = draft.node.get("value")
        if wanted.value == "list" and isinstance(wanted, PointType) and wanted.items is not None:
            items = [(word, wanted.items) for word in draft.node.words("value")]
            made = [plain(word, item, self._report) for word, item in items]
            return None if None in made else made
        if isinstance(found, ListNode):
            message = f"'{wanted.name}' has one value, not a list"
            self._report.error("value.type", message, found.place, related=[(wanted.place, wanted.name)])
            return None
        return plain(found, wanted, self._report) if isinstance(found, Scalar) else None

    def _subjects_of(self, names: Iterable[str]) -> Iterator[Subject]:
        return (found for name in names if (found := self._subjects.look_up(name)) is not None)

    def _check_there(self, names: Sequence[str], word: Scalar) -> bool:
        """Whether something has one of these names today; reports ``type.unknown`` or ``member.unknown``."""
        if self._early:
            return True
        now = today(names, self._later)
        if not now or any(self._subjects.excused(name) for name in now):
            return False
        if any(self._subjects_of(now)):
            return True
        owner, _, member = now[0].partition(".")
        found = self._subjects.types.get(owner)
        if found is not None:
            help_, suggestions = did_you_mean(member, members(found), f"{found.short} has")
            code, message = "member.unknown", f"{found.short} has no '{member}'"
        else:
            short = owner.rpartition("/")[2]
            known = [each.short for each in self._subjects.types.values()]
            help_, suggestions = did_you_mean(short, known)
            code, message = "type.unknown", f"no type is named '{short}'"
        self._report.error(code, message, word.place, help=help_, suggestions=suggestions)
        return False

    def _check_gone(self, name: str, word: Scalar, done: str) -> None:
        """What a step takes away is not there any more, or on its way out; unless something else took its name."""
        owner, dot, member = name.partition(".")
        names = [f"{each}.{member}" for each in self._fates.of(owner)] if dot else [name]
        for subject in () if self._later or self._early else self._subjects_of(names):
            found = subject.type if subject.member is None else subject.member
            again = self._fates.older(subject.name) != name or subject.name in self._fates.made
            leaving = found.deprecated is not None and done != "removed"
            if again or leaving or (done == "split" and subject.type.abstract):
                continue
            message = f"{subject.short} is still there: it was not {done}"
            help_ = "take it out"
            if done != "removed":
                help_ += f", or deprecate it: 'deprecated: {{ {subject.short}: {{}} }}'"
            self._report.error("step.present", message, word.place, related=[(found.place, subject.name)], help=help_)
            return


def _rule(entry: Entry) -> Scalar | None:
    return entry.value.scalar("rule") if isinstance(entry.value, MapNode) else None


def _raw(node: MapNode) -> Default | None:
    """A value for what is not there yet to judge it."""
    values = [word.value for word in node.words("value") if word.value is not None]
    if isinstance(node.get("value"), ListNode):
        return values
    return values[0] if values else None
