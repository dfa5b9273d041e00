"""Lists of each kind: ``/api/v1/devices`` and its like."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.context import Reader
from api.filtering import filtered_by
from api.questions import Question
from api.reaching import search
from api.rest.parameters import After, In, Limit, Measures, Ref, Sort, Text, Type, Under, Where
from api.rest.shapes import EntityOut, FoundOut, Page, entity_out, found_out, page_out
from api.slices import DEFAULT_FIRST, Slice
from twin.errors import InvalidValue
from twin.ontology.model import KINDS, Kind

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["Lists"])


def _collection(kind: Kind) -> None:
    @router.get(f"/{kind}s", summary=f"List {kind}s", operation_id=f"list_{kind}s", response_model=Page[EntityOut])
    async def collection(  # noqa: PLR0913, PLR0917 - the parameters of the address
        request: Request,
        caller: Reader,
        ref: Ref = None,
        type: Type = None,  # noqa: A002 - the parameter's name
        under: Under = None,
        within: In = None,
        measures: Measures = None,
        where: Where = None,
        sort: Sort = None,
        limit: Limit = DEFAULT_FIRST,
        after: After = None,
    ) -> Response:
        question = Question(caller.engine, caller.principal)
        if ref is not None:
            _check_alone(type, under, within, measures, where, sort, after)
            page = _only(question, kind, ref)
        else:
            page = question.page(
                kind,
                type=type,
                under=under,
                within=within,
                measures=measures,
                first=limit,
                after=after,
                filtered=filtered_by(where, sort),
            )
        return page_out(request, page, [entity_out(question, each) for _, each in page.items])  # type: ignore[arg-type]

    collection.__doc__ = f"The {kind}s that the token may see, in the natural order of their paths."


def _check_alone(*others: object) -> None:
    if any(each is not None for each in others):
        raise InvalidValue("ref names one already", help="leave the other filters out, or leave out ref")


def _only(question: Question, kind: Kind, ref: str) -> Slice:
    """The one that is meant, or nothing."""
    found = question.find(ref)
    items: list[tuple[str, object]] = [(found.path, found)] if found is not None and found.kind == kind else []
    return Slice(items, has_next=False, has_previous=False, total=lambda: len(items))


for _kind in KINDS:
    _collection(_kind)


@router.get("/search", summary="Search by name", response_model=Page[FoundOut])
async def found(
    request: Request,
    caller: Reader,
    text: Text,
    kind: Kind | None = None,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """What the words may mean, best first: titles in every language, keys, paths. Every word is, or begins, a word of
    its name or of what it lies in; one at least of its own. Case and accents make no difference.
    """
    question = Question(caller.engine, caller.principal)
    page = search(question, text, kind, limit, after)
    return page_out(request, page, [found_out(question, each) for _, each in page.items])  # type: ignore[arg-type]
