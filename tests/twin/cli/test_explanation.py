from __future__ import annotations

from tests.twin.cli.conftest import Command
from twin.explain import DEADLETTERS, RUNTIME, pages


def test_a_code_is_explained_with_an_example_its_message_and_the_remedy(command: Command) -> None:
    said = command("explain", "path.unknown")
    assert (said.code, said.err) == (0, "")
    blocks = said.out.split("\n\n")
    assert blocks[0] == "path.unknown"
    assert blocks[1].startswith("There is nothing at that path.")
    assert [block for block in blocks if block.endswith(":")] == ["Wrong:", "What the twin says of it:", "Right:"]
    assert "    example.yaml:8:23 path.unknown  'hall/lamb' is not there: 'hall' has no 'lamb'\n" in said.out
    assert "members: [hall/lamp]" in blocks[-1]


def test_an_example_shows_its_command(command: Command) -> None:
    assert "\n    $ twin plan example.yaml --set floors=seventy\n" in command("explain", "parameter.invalid").out


def test_an_error_of_a_command_is_explained_in_two_lines(command: Command) -> None:
    cause = RUNTIME["plan.stale"]
    assert command("explain", "plan.stale").out == f"plan.stale\n\n{cause.meaning}\nWhat to do: {cause.remedy}\n"


def test_a_code_is_explained_for_each_place_it_is_met_in(command: Command) -> None:
    out = command("explain", "point.unknown").out
    assert pages()["point.unknown"].wrong.said().splitlines()[0] in out
    assert f"Of a command, a script or the API: {RUNTIME['point.unknown'].meaning}\n" in out
    assert f"became a dead letter: {DEADLETTERS['point.unknown'].meaning}\n" in out


def test_a_code_as_data(command: Command) -> None:
    data = command("explain", "value.type", "--json").data
    assert (data["code"], data["runtime"]) == ("value.type", None)
    assert data["document"]["meaning"] == pages()["value.type"].meaning
    assert [found["code"] for found in data["document"]["wrong"]["diagnostics"]] == ["value.type"]
    assert data["document"]["right"]["diagnostics"] == []
    assert data["deadletter"]["remedy"]
    assert command("explain", "plan.stale", "--json").data["document"] is None


def test_every_code_is_listed_with_a_sentence(command: Command) -> None:
    said = command("explain")
    assert (said.code, said.err) == (0, "")
    lines = [line.split("  ") for line in said.out.splitlines() if line.startswith("  ")]
    assert len(lines) == len(pages()) + len(RUNTIME) + len(DEADLETTERS)
    assert all(words[1] and words[-1].strip() for words in lines)
    data = command("explain", "--json").data
    assert [each["code"] for each in data["document"]] == list(pages())
    assert all(each["meaning"].endswith((".", "?", "!")) for codes in data.values() for each in codes)


def test_a_code_that_is_none_is_refused_with_the_nearest(command: Command) -> None:
    said = command("explain", "pont.unknown")
    assert (said.code, said.refusal) == (1, "code.unknown")
    assert "did you mean 'point.unknown'?" in said.err
    assert command("explain", "zzz").refusal == "code.unknown"
