"""What REST is sent: the bodies as OpenAPI describes them, and how they are read."""

# No `from __future__ import annotations`: pydantic reads these annotations.

from collections.abc import Collection
from typing import Any, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from twin.errors import InvalidValue

__all__ = ["ApplyIn", "DocumentIn", "PlanIn", "TopologyIn", "body_of", "read_body"]

T = TypeVar("T", bound=BaseModel)
_JSON = frozenset({"application/json"})
_FILE: Any = Field(default=None, description="What the document is called in diagnostics.", examples=["block.yaml"])
_ONTOLOGIES: Any = Field(
    default={}, description="Ontologies in YAML, by name: looked at before those in force and the shipped."
)


class In(BaseModel):
    """A document as it is sent."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentIn(In):
    """A document to be checked."""

    document: str = Field(description="YAML.")
    file: str | None = _FILE
    ontologies: dict[str, str] = _ONTOLOGIES


class TopologyIn(DocumentIn):
    """A topology to be checked, and kept."""

    keep: bool = Field(default=True, description="Whether to keep it, if it is right.")


class PlanIn(In):
    """A plan to be made."""

    site: str = Field(description="The key of the site, there already or not.", examples=["hugo"])
    document: str | None = Field(default=None, description="The topology in YAML; or name one that was kept.")
    file: str | None = _FILE
    topology: str | None = Field(default=None, description="The name of a topology that this client has kept.")
    parameters: dict[str, Any] = Field(default={}, description="Values by name; those left out stay as they were.")
    tables: dict[str, str] = Field(default={}, description="CSV, by the name of the parameter.")
    ontologies: dict[str, str] = _ONTOLOGIES
    take: Literal["topology", "live"] | None = Field(
        default=None, description="Whose value a field gets that users and the topology have both changed."
    )


class ApplyIn(In):
    """How a plan is to be applied."""

    allowDelete: bool = Field(default=False, description="Go on although the plan deletes.")  # noqa: N815 - JSON


def body_of(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of the body of a request that is read by `read_body`."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": model.model_json_schema(), "example": example}},
        }
    }


async def read_body(request: Request, model: type[T], media: Collection[str] = _JSON) -> T:
    """The body, read only now: whether the caller may was settled before. An empty one counts as ``{}``."""
    content = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content and kind not in media:
        raise HTTPException(415)
    try:
        return model.model_validate(msgspec.json.decode(content or b"{}"))
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors()}))
        fields = ", ".join(model.model_fields)
        raise InvalidValue(f"the body cannot mean anything: see {wrong}", help=f"its fields are {fields}") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise HTTPException(400) from error
