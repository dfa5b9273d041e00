from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.running import ROOT
from twin.settings import Settings


def test_the_readme_describes_every_setting_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, field in Settings.model_fields.items():
        default = "" if field.default in {"", ()} else f"`{field.default}`"
        assert f"| `TWIN_{name.upper()}` | {default} | {field.description} |" in readme


def test_the_environment_names_settings_and_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PORT", "9000")
    assert Settings().port == 9000
    monkeypatch.setenv("TWIN_PORT", "-1")
    with pytest.raises(ValidationError):
        Settings()
