"""What is refused where a twin is kept, served by several processes, backed up and moved: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["STORAGE"]

_BACKEND = (
    "Its message says what the system answered; check the directory, its rights and the free space, then try again."
)
_NEWER = "Run the version of the twin that wrote it, or a newer one; there is no way back to an older format."

STORAGE: dict[str, Cause] = {
    "backend.unavailable": Cause("A part of the twin is down.", "Try again; /readyz and the log name the part."),
    "backup.damaged": Cause(
        "A backup's file is not what it was when it was made: it was cut short, or altered, or is none.",
        "Fetch it again from where it is kept, or take another; twin backup --check tells whether one is whole.",
    ),
    "backup.exists": Cause(
        "There is a file of that name, or another backup is just writing one.",
        "Give each backup a name of its own, such as one with the date.",
    ),
    "backup.newer": Cause(
        "The backup was made by a newer version of the twin.",
        _NEWER,
    ),
    "commit.unknown": Cause(
        "The store did not answer in time, so nobody knows yet whether the change was kept.",
        "Send the same change with the same op_id again: it is done once, and the answer says what became of it.",
    ),
    "copy.served": Cause(
        "A process serves the graph that is to be copied, and may change it meanwhile.",
        "Stop it first; or say --live: what is committed after the cut is not in the copy, and is counted.",
    ),
    "data.occupied": Cause(
        "A backup is to be restored into a directory that holds a twin.",
        "Name an empty directory, or say --replace: what is there is kept aside.",
    ),
    "data.owned": Cause(
        "A server owns the data directory: one process serves it at a time.",
        "Stop that server, or name another directory with --data; commands and scripts may work beside a server.",
    ),
    "data.unknown": Cause(
        "No twin has ever been made in that directory.", "Name the right one with --data, or make a twin: twin apply."
    ),
    "data.unwritable": Cause(
        "The data directory cannot be written to.", "Make it writable, or name another with --data."
    ),
    "database.failed": Cause(
        "A Neo4j of the twin's own did not start, or does not stop.",
        "See the logs in its directory: is there enough memory and disk, and does no other process use it?",
    ),
    "database.missing": Cause(
        "What starts a Neo4j on this machine is not installed, or Neo4j itself cannot be fetched.",
        "Run pip install 'building-twin[neo4j-local]', and see that Maven Central can be reached the first time.",
    ),
    "engine.stopping": Cause(
        "The twin is stopping and takes no more changes.", "Send the change again once it has started."
    ),
    "feed.broken": Cause(
        "What an owner and a process that follows it say to each other cannot be understood.",
        "Run the same version of the twin in all its processes.",
    ),
    "feed.graph": Cause(
        "Two processes of one data directory were told to serve different graphs.",
        "Leave --graph and TWIN_GRAPH out of the second: the directory knows where its graph is kept.",
    ),
    "feed.stranger": Cause(
        "Something else answers where the owner of the data directory was.",
        "Nothing, usually: the next owner says where it is as soon as it is ready.",
    ),
    "feed.unavailable": Cause(
        "The owner of a data directory cannot listen for processes that would follow it.",
        "See how many files and sockets the process may open.",
    ),
    "graph.foreign": Cause(
        "The graph is served from another data directory, where what its devices sent last may lie.",
        "Serve it from that directory; where that is lost, take the graph over with twin serve --adopt.",
    ),
    "graph.password": Cause(
        "No password is known for the Neo4j that keeps the graph, or its file cannot be read.",
        "Set TWIN_NEO4J_PASSWORD, or TWIN_NEO4J_PASSWORD_FILE to a file that only you can read.",
    ),
    "graph.url": Cause(
        "What says where the graph is kept is no such place, or has a password in it.",
        "Write sqlite:///path/to/file, neo4j://user@host:7687/database, or neo4j for one of the twin's own.",
    ),
    "journal.behind": Cause(
        "The journal ends before what was worked in of it already: it is an older copy, or its disk lost what it took.",
        "Nothing is missing of the current state, and new messages are kept; have the disk checked if nobody copied.",
    ),
    "journal.gap": Cause(
        "Messages that were acknowledged are in no journal any more, and the store, an older copy, has not seen them.",
        "Restore a newer copy of the graph, or have the messages sent again; twin_messages_missing_total counts them.",
    ),
    "journal.in_use": Cause(
        "Another process writes the journal of messages in that directory.",
        "Stop it, or name another directory with --data.",
    ),
    "journal.newer": Cause("The journal was written by a newer version of the twin.", _NEWER),
    "journal.other": Cause(
        "The graph was fed from another journal before: the directory is new, or another graph was named.",
        "If that was meant, do nothing: all that the journal here holds is worked in, readings once, as always.",
    ),
    "journal.unavailable": Cause("The journal of messages cannot be opened or written.", _BACKEND),
    "journal.unreadable": Cause(
        "A file of the journal is damaged in a way that an abrupt stop does not explain.",
        "Restore it from a backup, or move the journal's directory away: messages not yet worked in would be lost.",
    ),
    "log.trimmed": Cause(
        "The graph of that time cannot be made again: the log does not go back to its beginning any more.",
        "Ask for a later time, or restore a backup of before.",
    ),
    "position.foreign": Cause(
        "A position is of before the twin was restored from a backup, or of another twin.",
        "Forget it, and read again what is there now: the write it stands for may be gone.",
    ),
    "position.invalid": Cause("A position was not given out by this twin.", "Send it as it was given out, or none."),
    "position.key": Cause(
        "The key by which positions are written cannot be read or kept.",
        "Make the directory keys in the data directory writable; without the file position there a new key is made.",
    ),
    "position.unreached": Cause(
        "The process that was asked has not seen what a position stands for yet.",
        "Ask again in a moment, or another process of the twin; twin_lag in /metrics says how far behind it is.",
    ),
    "records.newer": Cause(
        "The records of clients and dead letters were written by a newer version of the twin.", _NEWER
    ),
    "records.unavailable": Cause("The records of clients and dead letters cannot be used.", _BACKEND),
    "restore.unfinished": Cause(
        "A backup is being restored into the directory, or that was broken off in the middle.",
        "Restore again: it begins anew. What was there before is in the directory's folder replaced-….",
    ),
    "server.invalid": Cause(
        "What is given as the server's address is no URL.", "Write --server http://127.0.0.1:8080."
    ),
    "server.refused": Cause("The server answered with an error, which the message repeats.", "Its own log says more."),
    "server.unreachable": Cause("No server answers there.", "Is the twin running, and is this its address?"),
    "store.busy": Cause(
        "Another process has held the file of the graph for writing too long: it is slow, or was stopped half-way.",
        "Let it finish, go on (kill -CONT) or end; reads are answered meanwhile, and nothing was written.",
    ),
    "store.closed": Cause("The store was closed while something still used it.", "Start the twin again."),
    "store.damaged": Cause(
        "The file of the graph is no database of SQLite's, or its pages do not fit together any more.",
        "Restore a backup, or name another directory with --data DIR; then have the disk checked.",
    ),
    "store.denied": Cause(
        "The database does not accept the user or the password.",
        "Check the user in the URL, and TWIN_NEO4J_PASSWORD or the file that TWIN_NEO4J_PASSWORD_FILE names.",
    ),
    "store.differs": Cause(
        "What was copied or restored is not, all in all, what it came from.",
        "See that no other process writes to the place, empty it, and do it again.",
    ),
    "store.foreign": Cause(
        "The database holds entities that are no twin's, and a twin would mix its own with them.",
        "Name a database of the twin's own; in Neo4j Community, which has one, a Neo4j of its own.",
    ),
    "store.full": Cause(
        "The disk has no room for the file of the graph; nothing was written.",
        "Free some space: what waits is written by itself, and reads are answered meanwhile.",
    ),
    "store.occupied": Cause(
        "A graph is to be copied or restored into a place that holds one already.",
        "Name an empty place; twin restore --replace puts a backup in the place of what is there.",
    ),
    "store.restored": Cause(
        "A backup was put in the place of the graph while somebody worked with what it was before.",
        "Look at what it is now, and begin again; a server starts again by itself.",
    ),
    "store.schema": Cause(
        "The database lacks a constraint or an index, and something else has its place.",
        "SHOW INDEXES tells what is there: drop what is not the twin's, and start again.",
    ),
    "store.too_new": Cause("The graph was written by a newer version of the twin.", _NEWER),
    "store.too_old": Cause(
        "The database server is older than the twin can work with.",
        "Use Neo4j 5.26 (the LTS release) or newer.",
    ),
    "store.unavailable": Cause("The file of the graph cannot be used.", _BACKEND),
    "store.unfilled": Cause(
        "A Neo4j that was being filled does not hold what it should.",
        "Look at what the message says is missing, and copy or restore again: it begins anew.",
    ),
    "store.unfinished": Cause(
        "The database was being filled, and that was broken off in the middle.",
        "Copy or restore into it again: it begins anew. Where the twin came from is as it was.",
    ),
    "store.unreadable": Cause(
        "The file of the graph holds something that this version cannot read.",
        "Run the version that wrote it, or name another directory with --data DIR.",
    ),
    "trim.recent": Cause(
        "The log is kept for a day at least: a change that is sent again within it is known, and done once.",
        "Name an earlier time.",
    ),
}
