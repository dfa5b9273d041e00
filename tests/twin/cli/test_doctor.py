from __future__ import annotations

import json
from pathlib import Path

from tests.running import run
from twin.engine.home import Home


def test_it_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    home.open_graph().close()
    well = run("doctor", "--data", home.directory)
    assert (well.returncode, well.stdout.splitlines()[-1].split(":")[1]) == (0, " 0 wrong, 0 to look at")
    home.directory.chmod(0o777)
    ill = run("doctor", "--data", home.directory)
    assert ill.returncode == 1
    assert f"WRONG  directory: owner: others may change {home.directory}\n" in ill.stdout
    assert f"help: chmod go= {home.directory}" in ill.stdout
    facts = json.loads(run("doctor", "--data", home.directory, "--json").stdout)
    assert facts["healthy"] is False
    assert {each["verdict"] for each in facts["findings"]} == {"ok", "wrong"}
