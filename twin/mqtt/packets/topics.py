"""What may stand where a topic name or a topic filter is asked for (MQTT 5, section 4.7).

Control characters are refused, as section 1.5.4 allows: a topic ends up in logs and on terminals.
"""

from __future__ import annotations

import re

from twin.mqtt.packets.faults import Malformed, ProtocolError

__all__ = ["check_filter", "check_name", "check_plain", "is_shared"]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_WILDCARD = re.compile("[+#]")
_SHARE = "$share/"


def check_plain(text: str, what: str) -> str:
    """The text, unless it has control characters."""
    if _CONTROL.search(text):
        raise Malformed(f"{what} contains a control character")
    return text


def check_name(topic: str) -> str:
    """The topic, if messages can be published to it: not empty and without wildcards."""
    if not topic:
        raise Malformed("an empty topic")
    if _WILDCARD.search(topic):
        raise Malformed("a topic to publish to contains a wildcard")
    return check_plain(topic, "a topic")


def check_filter(pattern: str) -> str:
    """The filter, if its wildcards each fill a level, ``#`` only the last (section 4.7.1)."""
    if not pattern:
        raise Malformed("an empty topic filter")
    check_plain(pattern, "a topic filter")
    levels = _unshared(pattern).split("/")
    if any(len(level) > 1 and _WILDCARD.search(level) for level in levels) or "#" in levels[:-1]:
        raise Malformed("a wildcard that does not fill a level, or # before the last")
    return pattern


def is_shared(pattern: str) -> bool:
    """Whether the filter is of a shared subscription (section 4.8.2)."""
    return pattern.startswith(_SHARE)


def _unshared(pattern: str) -> str:
    if not is_shared(pattern):
        return pattern
    group, _, rest = pattern.removeprefix(_SHARE).partition("/")
    if not group or not rest or _WILDCARD.search(group):
        raise ProtocolError("a shared subscription is $share/NAME/FILTER")
    return rest
