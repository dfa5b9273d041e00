"""Why messages become dead letters: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["DEADLETTERS"]

_JSON = "The payload is a JSON object as UDMI describes it: timestamp, version and points, each with a present_value."
_TIME = "Times are written as RFC 3339 does, with a time zone: 2026-11-23T14:03:49Z."

DEADLETTERS: dict[str, Cause] = {
    "device.unknown": Cause(
        "The topic names a device that the site does not have, by id or by serial.",
        "Declare its serial in the topology (asset: …), or correct the topic.",
    ),
    "ingest.failed": Cause(
        "The twin itself failed on the message.", "This is a mistake in the twin: its log has the details."
    ),
    "payload.no_points": Cause("The payload has no object 'points'.", _JSON),
    "payload.not_json": Cause("The payload is not JSON.", _JSON),
    "payload.not_object": Cause("The payload is JSON, and no object.", _JSON),
    "payload.not_utf8": Cause("The payload is not UTF-8, as JSON must be.", _JSON),
    "payload.repeated_name": Cause(
        "An object of the payload has one name twice, and nobody can say which of the values is meant.", _JSON
    ),
    "payload.too_deep": Cause("The payload's JSON is nested too deeply to be a pointset.", _JSON),
    "point.unknown": Cause(
        "The device reports a point that it does not have in the twin.",
        "If it is optional in its type, name it under 'has' in the topology; the reason lists the points there are.",
    ),
    "site.unknown": Cause(
        "The topic names a site that does not exist.", "The second level of the topic is the site's key."
    ),
    "time.absurd": Cause(
        "The source time is before 1970: the source's clock was never set.", "Set the clock of the device or gateway."
    ),
    "time.future": Cause(
        "The source time is too far ahead of the receipt. Such a reading would freeze its point, so it is quarantined.",
        "Set the clock of the device or gateway; TWIN_FUTURE_SECONDS says how far ahead is accepted.",
    ),
    "time.invalid": Cause("The timestamp cannot be read as a date and time.", _TIME),
    "time.leap_second": Cause("The timestamp names a second 60, which most clocks do not have.", _TIME),
    "time.no_zone": Cause("The timestamp does not say its time zone, so it could be any of a day's hours.", _TIME),
    "topic.unsupported": Cause(
        "Messages are not taken on that topic.", "Publish on r/{site}/d/{device}/events/pointset."
    ),
    "unit.incompatible": Cause(
        "The reading is in a unit that measures something else than the point does.",
        "Correct the unit that the gateway sends, or the point's in the ontology.",
    ),
    "unit.unknown": Cause("The reading is in a unit that the twin does not know.", "Send a UCUM code: Cel, kW.h, %."),
    "value.enum": Cause("The value is none of the words that the point may be.", "The reason lists the words."),
    "value.field": Cause(
        "An object has a field that its point does not declare, or lacks one that must be there.",
        "Send the fields that the ontology declares, or declare them all there; the reason lists them.",
    ),
    "value.missing": Cause(
        "A point is named in the payload, without a present_value.", "Leave the point out, or send its value."
    ),
    "value.range": Cause(
        "The value lies outside the range that the point declares.",
        "Correct the range in the ontology, or see to the sensor.",
    ),
    "value.too_long": Cause("The text, the object or the list is larger than a point holds.", "Send a smaller one."),
    "value.type": Cause("The value is of another type than the point.", "The reason says what the point takes."),
}
"""Why a message or a reading became a dead letter, by its code."""
