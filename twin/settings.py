"""Every setting of a running twin: name, default and meaning in one described model.

Values come from flags, then ``TWIN_…`` environment variables, then the defaults here. Secrets are never settings: the
twin makes its own keys in the data directory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What `twin serve` and `twin demo` run with; each field is also the environment variable ``TWIN_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", frozen=True, extra="ignore")

    data: Path = Field(Path("twin-data"), description="Directory of the twin: graph, state, records, journal, keys.")
    graph: str = Field(
        "",
        description="Where the graph is kept: neo4j://USER@HOST/DATABASE, neo4j (one of the twin's own) or "
        "sqlite:///FILE; empty: where it was the last time, at first a file in the directory.",
    )
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: Port = Field(8080, description="Port of the API; 0 takes a free one.")
    mqtt_host: str = Field("127.0.0.1", description="Address the MQTT endpoint listens on.")
    mqtt_port: Port = Field(1883, description="Port of the MQTT endpoint; 0 takes a free one.")
    public_url: str = Field(
        "", description="The URL clients reach the API by, and the tokens' issuer; empty: http://HOST:PORT."
    )
    issuers: str = Field(
        "",
        description="TOML file of the external issuers whose tokens are taken too; empty: issuers.toml in the "
        "directory, if it is there.",
    )
    sign_in: bool = Field(
        default=True,
        description="Whether people sign in here. False: at the external issuers only, and only machines get tokens "
        "here.",
    )
    account_url: str = Field(
        "",
        description="The origin at which people sign in and answer, if it is to be another than that of the API: their "
        "pages answer there alone, and nothing else does; empty: the same.",
    )
    ontology_path: tuple[Path, ...] = Field(
        (), description="Directories to look for ontologies in, before the shipped."
    )
    token_seconds: PositiveInt = Field(600, description="Lifetime of an access token, in seconds.")
    future_seconds: NonNegativeFloat = Field(
        300,
        description="How far ahead of its receipt a source time may lie before the reading is quarantined, in seconds.",
    )
    journal_days: NonNegativeFloat = Field(
        7, description="How long journal segments are kept after everything in them has reached the store, in days."
    )
    journal_mb: PositiveInt = Field(
        4096, description="How large the kept journal may grow before the oldest stored segments go, in MB."
    )
    log_days: NonNegativeFloat = Field(
        0,
        description="How long the log of changes is kept, in days, one at least; what was before is forgotten. "
        "0: for good.",
    )
    audit_days: NonNegativeFloat = Field(
        0,
        description="How long the audit is kept, in days, one at least; what was before is forgotten, and that it was "
        "is a record of its own. 0: for good.",
    )
    deadletters: PositiveInt = Field(100_000, description="How many dead letters are kept; the oldest go first.")
    connections: PositiveInt = Field(10_000, description="How many MQTT connections are accepted at once.")
    follow_seconds: Annotated[float, Field(gt=0)] = Field(
        0.25, description="How often the log is looked at for what other processes have committed, in seconds."
    )
    drift_seconds: NonNegativeFloat = Field(
        600,
        description="How often each site in memory is compared with the store, and repaired where it differs, in "
        "seconds. 0: never.",
    )
    log_level: str = Field("INFO", description="Least severe level that is logged: DEBUG, INFO, WARNING, ERROR.")
