"""One Neo4j, spoken to in transactions that end in time, whatever the server does.

Every transaction names its database, carries a time-out that the server keeps, and has a deadline here as well: a
server that is paused answers nothing, not even that it gives up. Behind the deadline stands a gate: a transaction that
is given up before it asked to be committed never asks, so it is certain that it changed nothing; once it has asked,
only the log can tell (`twin.errors.OutcomeUnknown`). What the server calls transient is tried again for some seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

import neo4j
from neo4j.exceptions import AuthError, DatabaseError, DriverError, Neo4jError

from twin.errors import BackendError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.store.neo4j.address import Address

__all__ = ["SECONDS", "Connection"]

T = TypeVar("T")

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what goes wrong is told once, as an error of ours

SECONDS = 10.0
"""The server's time-out of an ordinary transaction."""
_GRACE_SECONDS = 3.0
"""How much longer than the server's time-out its answer may take."""
_CONNECT_SECONDS = 5.0
_RETRY_SECONDS = 5.0
_SCHEMA_SECONDS = 600.0
_SLOW_TRIES = 2
"""How often what was slow is tried again: a server that has just started learns its queries by running them."""
_PAUSE_SECONDS, _LONGEST_PAUSE = 0.05, 1.0


class Connection:
    """A driver and how it is used. One thread at a time is inside."""

    def __init__(self, address: Address, *, grace: float = _GRACE_SECONDS, patience: float = _RETRY_SECONDS) -> None:
        """``patience`` is for how long what fails for a moment is tried again, in seconds."""
        self.address = address
        self._grace = grace
        self._patience = patience
        self._driver: neo4j.Driver | None = None
        self._closed = False

    def run(self, job: Callable[[neo4j.Transaction], T], seconds: float = SECONDS) -> T:
        """What a job returns, with what it wrote committed; it may be run several times.

        Raises:
            BackendError: the server does not answer, or refuses; nothing was written.
            OutcomeUnknown: it did not say what became of the commit.
        """
        until = time.monotonic() + self._patience
        pause, slow = _PAUSE_SECONDS, 0
        while True:
            try:
                return self._try(job, seconds)
            except (DriverError, Neo4jError, OSError) as error:
                slow += _was_slow(error)
                again = slow <= _SLOW_TRIES if _was_slow(error) else _passes(error) and time.monotonic() + pause < until
                if not again:
                    raise _reported(error, self.address) from error
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def alone(self, statement: str) -> None:
        """Run a statement that cannot share a transaction: one that changes the schema."""
        try:
            with self._open().session(database=self.address.database) as session:
                session.run(neo4j.Query(statement, timeout=_SCHEMA_SECONDS)).consume()
        except (DriverError, Neo4jError, OSError) as error:
            raise _reported(error, self.address) from error

    def close(self) -> None:
        """Let go of the server; idempotent."""
        self._closed = True
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _try(self, job: Callable[[neo4j.Transaction], T], seconds: float) -> T:
        driver = self._open()
        attempt = _Attempt(driver, self.address.database, job, seconds)
        try:
            return attempt.result(seconds + self._grace)
        except (_GivenUp, OutcomeUnknown):
            if attempt.abandoned:
                self._driver = None  # the attempt closes it, whenever the server lets go
            raise

    def _open(self) -> neo4j.Driver:
        if self._closed:
            raise BackendError(f"{self.address.uri} is closed", code="store.closed")
        if self._driver is None:
            self._driver = neo4j.GraphDatabase.driver(
                self.address.uri,
                auth=self.address.auth,
                connection_timeout=_CONNECT_SECONDS,
                connection_acquisition_timeout=_CONNECT_SECONDS,
                notifications_min_severity="OFF",
                user_agent="building-twin",
            )
        return self._driver


class _GivenUp(DriverError):
    """The server did not answer in time, and the transaction had not asked to be committed: it changed nothing."""


class _Attempt(Generic[T]):
    """One transaction, run in a thread of its own so that its caller can stop waiting for it."""

    def __init__(
        self, driver: neo4j.Driver, database: str, job: Callable[[neo4j.Transaction], T], seconds: float
    ) -> None:
        self._driver = driver
        self._database = database
        self._job = job
        self._seconds = seconds
        self._gate = threading.Lock()
        self._committing = False
        self.abandoned = False
        self._answer: list[T] = []
        self._error: BaseException | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="twin-neo4j", daemon=True).start()

    def result(self, seconds: float) -> T:
        """What came of it, waiting for so long."""
        if not self._ended.wait(seconds):
            with self._gate:
                if not self._ended.is_set():
                    self.abandoned = True
                    if self._committing:
                        raise _unknown("it did not answer in time")
                    raise _GivenUp("no answer in time")
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._transact()
        except BaseException as error:  # noqa: BLE001 - it is raised where the caller waits
            self._error = error
        with self._gate:
            self._ended.set()
        if self.abandoned:
            self._driver.close()

    def _transact(self) -> None:
        with (
            self._driver.session(database=self._database, fetch_size=-1) as session,
            session.begin_transaction(timeout=self._seconds) as transaction,
        ):
            answer = self._job(transaction)
            with self._gate:
                self._committing = not self.abandoned
            if not self._committing:
                transaction.rollback()  # the end of the block would commit
                return
            try:
                transaction.commit()
            except (DatabaseError, DriverError, OSError) as error:
                raise _unknown(str(error)) from error
        self._answer.append(answer)


def _unknown(reason: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "Neo4j did not confirm a commit", reason=reason, help="only its log can tell; it is asked as soon as it answers"
    )


def _was_slow(error: Exception) -> bool:
    """Whether the server ended a transaction because its time was over."""
    return isinstance(error, Neo4jError) and ".TransactionTimedOut" in (error.code or "")


def _passes(error: Exception) -> bool:
    """Whether the same may work in a moment: the server says so, or cannot be reached."""
    if isinstance(error, Neo4jError):
        return error.is_retryable()
    return isinstance(error, OSError) or (isinstance(error, DriverError) and error.is_retryable())


def _reported(error: Exception, address: Address) -> BackendError:
    """What the driver says went wrong, as our own error."""
    if isinstance(error, AuthError):
        return BackendError(
            f"{address.uri} does not accept the user {address.user}: {error.message}",
            code="store.denied",
            help="check the user in the URL, and TWIN_NEO4J_PASSWORD or the file that TWIN_NEO4J_PASSWORD_FILE names",
        )
    said = error.message or error.code if isinstance(error, Neo4jError) else error
    return BackendError(
        f"{address.uri}, database {address.database}: {said}",
        code="store.unavailable",
        help="is Neo4j running there, and does the database exist?",
    )
