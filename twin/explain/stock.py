"""What is refused about declared assets: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["ASSETS"]


ASSETS: dict[str, Cause] = {
    "asset.ambiguous": Cause(
        "Several owners have declared an asset of that serial: makers do not know of each other's numbers.",
        "Name the asset by its id, or by its fleet as well: FLEET/SERIAL.",
    ),
    "asset.blocked": Cause(
        "The asset is blocked: nothing is taken from it, and it gets no token and no other place.",
        "Whoever owns it lets it in again: twin asset unblock SERIAL.",
    ),
    "asset.bound": Cause(
        "A gateway or device that is a declared asset would get another serial than that asset's.",
        "Put another box in its place with twin asset replace OLD NEW, or release it: twin asset release SERIAL.",
    ),
    "asset.claimed": Cause(
        "The asset has a place already, and has one at most.",
        "Release it where it is first: twin asset release SERIAL.",
    ),
    "asset.type": Cause(
        "It is not said what an asset is, or no ontology has a type or product of that name.",
        "Give a type, the name of a product, or just gateway or device.",
    ),
    "asset.unclaimed": Cause(
        "An asset is to be replaced that has no place, so there is nothing to take over.",
        "Claim the new one where it shall be: twin asset claim SERIAL PATH.",
    ),
    "asset.unfit": Cause(
        "The asset is of another type, or another model, than what stands where it shall be.",
        "Choose a place that such a box can have, or declare what it really is.",
    ),
    "asset.unknown": Cause(
        "There is no asset of that serial or id that whoever asks has to do with.",
        "twin asset list shows those there are.",
    ),
    "claim.code": Cause(
        "A claim code is so short that it can be guessed, or is no line of text.",
        "Give eight characters or more, or leave it empty: one is drawn.",
    ),
    "place.taken": Cause(
        "The gateway or device is another asset already, or waits for one with another serial.",
        "Choose a free place, or put the new box in the place of the old: twin asset replace OLD NEW.",
    ),
    "place.unclear": Cause(
        "It is not said which gateway or device an asset is, and there is not exactly one that it can be.",
        "Name it by its path: twin asset claim SERIAL PATH.",
    ),
    "serial.invalid": Cause(
        "The text cannot be the serial of an asset: it has to stand in a topic of MQTT and in an address.",
        "Use letters, digits and . _ : @ ~ - only, a letter or digit first.",
    ),
}
