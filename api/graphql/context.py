"""What resolvers are given: the question that the request may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from strawberry.fastapi import BaseContext

from api.questions import Question
from twin.errors import Unauthenticated

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from api.engine import Engine
    from twin.access.principals import Principal

__all__ = ["Context", "Info", "question_of"]

Info: TypeAlias = "GraphQLResolveInfo[Any]"


class Context(BaseContext):
    """One request or one connection. On a WebSocket, the principal is known once the connection is initialised."""

    def __init__(self, engine: Engine, request_id: str) -> None:
        super().__init__()
        self.engine = engine
        self.request_id = request_id
        self.principal: Principal | None = None
        self.connection_params: Any = None
        self.streams = True
        """Whether there may be more than one answer: not to a plain request."""
        self.wrote = False
        """Whether something was committed that its client may look for: the answer says where the graph stands."""

    @property
    def question(self) -> Question:
        """What this principal may ask of the engine as it is now."""
        if self.principal is None:
            raise Unauthenticated("this needs an access token", code="token.missing")
        found = self.__dict__.get("_question")
        if found is None or found.vocabulary.ontology is not self.engine.ontology:
            found = self.__dict__["_question"] = Question(self.engine, self.principal)
        question: Question = found
        return question

    def renew(self) -> None:
        """Go by what this principal may see now, on a connection that lasts."""
        if "_question" in self.__dict__:
            self.question.renew()


def question_of(info: Info) -> Question:
    """The question in a resolver's hands."""
    question: Question = info.context.question
    return question
