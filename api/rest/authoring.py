"""Authoring: documents checked and kept, plans made, jobs looked at: ``/api/v1/ontologies`` and its neighbours."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api import planning
from api.context import Author, Reader
from api.questions import Question
from api.rest.bodies import ApplyIn, DocumentIn, PlanIn, TopologyIn, body_of, read_body
from api.rest.parameters import After, Key, Limit
from api.rest.plans import (
    CheckOut,
    JobOut,
    OntologyOut,
    PlanOut,
    TopologyOut,
    VocabularyOut,
    check_out,
    job_out,
    plan_out,
    topology_out,
    vocabulary_out,
)
from api.rest.shapes import Listed, answer
from api.slices import DEFAULT_FIRST
from twin.errors import NotFound
from twin.source import Source

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["Authoring"])

Name = Annotated[str, Path(description="The document's name.", examples=["block-of-flats"])]
PlanId = Annotated[str, Path(description="The plan's id.")]
JobId = Annotated[str, Path(description="The job's id.")]


_DOCUMENT = "ontology: my-home\nversion: 1.0.0\nimports: { core: ^1.0 }\n"
_TOPOLOGY = "topology: hut\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"


@router.get("/ontologies", summary="List the ontologies in force", response_model=Listed[OntologyOut])
async def ontologies(caller: Reader) -> Response:
    """Each document whose types what exists is of."""
    documents = caller.engine.mirror.documents.values()
    found = [{"name": each.name, "version": each.version} for each in documents]
    return answer({"items": sorted(found, key=lambda each: each["name"])})


@router.get("/ontologies/{name}", summary="Get an ontology", response_model=VocabularyOut)
async def ontology(name: Name, caller: Reader) -> Response:
    """What a document in force defines, with texts in every language and what it is called in other vocabularies."""
    document = caller.engine.mirror.documents.get(name)
    if document is None:
        raise NotFound(
            "no ontology of that name is in force", code="ontology.unknown", help="GET /api/v1/ontologies lists them"
        )
    return answer(vocabulary_out(caller.engine.ontology, document))


@router.post(
    "/ontologies",
    summary="Check an ontology",
    response_model=CheckOut,
    openapi_extra=body_of(DocumentIn, {"document": _DOCUMENT}),
)
async def check_ontology(request: Request, caller: Author) -> Response:
    """Every mistake of a document, with its place and its remedy. Nothing is kept."""
    given = await read_body(request, DocumentIn)
    source = Source(planning.named(given.file or "ontology.yaml"), given.document)
    imports = planning.sheets(given.ontologies, "yaml")
    return answer(check_out(await caller.engine.authoring.check("ontology", source, imports)))


@router.get("/topologies", summary="List the topologies that are kept", response_model=Listed[TopologyOut])
async def topologies(caller: Author) -> Response:
    """Those that this client has left here, without their texts."""
    found = await caller.engine.in_pool(lambda: caller.engine.topologies.list(caller.principal.owner))
    return answer({"items": [topology_out(each) for each in found]})


@router.post(
    "/topologies",
    summary="Check and keep a topology",
    response_model=CheckOut,
    openapi_extra=body_of(TopologyIn, {"document": _TOPOLOGY}),
)
async def keep_topology(request: Request, caller: Author) -> Response:
    """Every mistake of a document, with its place and its remedy. One that is right is kept for this client, in place
    of what it kept under that name, to be planned from; unless `keep` is false.
    """
    given = await read_body(request, TopologyIn)
    source = Source(planning.named(given.file or "topology.yaml"), given.document)
    imports = planning.sheets(given.ontologies, "yaml")
    found = await caller.engine.authoring.check("topology", source, imports)
    kept = bool(found.name) and given.keep
    if kept:
        client, shelf = caller.principal.owner, caller.engine.topologies
        await caller.engine.in_pool(lambda: shelf.keep(client, found.name, found.version, source))
    return answer(check_out(found, kept=kept))


@router.get("/topologies/{name}", summary="Get a topology that is kept", response_model=TopologyOut)
async def topology(name: Name, caller: Author) -> Response:
    """One that this client has left here, with its text."""
    client, shelf = caller.principal.owner, caller.engine.topologies
    return answer(topology_out(await caller.engine.in_pool(lambda: shelf.get(client, name))))


@router.delete("/topologies/{name}", summary="Forget a topology", status_code=204, response_class=Response)
async def forget_topology(name: Name, caller: Author) -> Response:
    """Keep it no longer. Sites that were made of it stay as they are."""
    client, shelf = caller.principal.owner, caller.engine.topologies
    await caller.engine.in_pool(lambda: shelf.forget(client, name))
    return Response(status_code=204)


@router.post(
    "/plans",
    summary="Make a plan",
    status_code=201,
    response_model=PlanOut,
    openapi_extra=body_of(PlanIn, {"site": "hut", "document": _TOPOLOGY}),
)
async def make_plan(request: Request, caller: Author) -> Response:
    """What applying a topology to a site would do: nothing is changed. It is kept for an hour, for this client."""
    given = await read_body(request, PlanIn)
    question = Question(caller.engine, caller.principal)
    kept = await planning.plan(question, planning.Wish(**given.model_dump()))
    return answer(plan_out(question, kept, DEFAULT_FIRST, None), {"Location": f"/api/v1/plans/{kept.id}"}, status=201)


@router.get("/plans/{plan}", summary="Get a plan", response_model=PlanOut)
async def get_plan(
    plan: PlanId,
    caller: Author,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """A plan of this client's, with a page of its lines: deletions first."""
    question = Question(caller.engine, caller.principal)
    return answer(plan_out(question, planning.plan_of(question, plan), limit, after))


@router.post(
    "/plans/{plan}/apply",
    summary="Apply a plan",
    status_code=202,
    response_model=JobOut,
    openapi_extra=body_of(ApplyIn, {"allowDelete": False}),
)
async def apply_plan(plan: PlanId, request: Request, caller: Author, idempotency_key: Key = None) -> Response:
    """Begin to carry out just that plan: a job. Refused (409) where the site has changed since, where the plan deletes
    and may not, or where somebody has to say first whose a field shall be. A plan has one job, however often it is
    applied, unless that has failed.
    """
    given = await read_body(request, ApplyIn)
    question = Question(caller.engine, caller.principal)
    begun = planning.apply(question, plan, via="rest", allow_delete=given.allowDelete, idempotency_key=idempotency_key)
    return answer(job_out(begun), {"Location": f"/api/v1/jobs/{begun.id}"}, status=202)


@router.get("/jobs/{job}", summary="Get a job", response_model=JobOut)
async def get_job(job: JobId, caller: Author) -> Response:
    """How far a job of this client's is. What it has committed stays, whatever becomes of the rest."""
    return answer(job_out(planning.job(Question(caller.engine, caller.principal), job)))
