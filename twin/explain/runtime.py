"""What commands, scripts and servers refuse: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["RUNTIME"]


_BACKEND = (
    "Its message says what the system answered; check the directory, its rights and the free space, then try again."
)
_NEWER = "Run the version of the twin that wrote it, or a newer one; there is no way back to an older format."

RUNTIME: dict[str, Cause] = {
    "access.missing": Cause(
        "A command that talks to a running twin does not know where it is, or as whom to speak.",
        "Start a demo on the same data directory, or give --server, --mqtt, --client-id and TWIN_CLIENT_SECRET.",
    ),
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
    "client.exists": Cause(
        "A client of that name is registered already.",
        "Choose another name, or make a new secret: twin client rotate NAME.",
    ),
    "client.invalid": Cause(
        "The client id is unknown, or the secret is wrong; the answer does not say which.",
        "Check both, or make a new secret: twin client rotate NAME.",
    ),
    "client.keys": Cause(
        "The keys that a client is to prove itself by are no JWK set of public keys, EC (P-256) or RSA (2,048 bits).",
        'Give a file with {"keys": [ … ]}: the public halves only, as RFC 7517 writes them.',
    ),
    "client.name": Cause("The name cannot be a client's.", "Use some printable characters, not too many."),
    "client.public": Cause(
        "A client that can keep no secret has no keys either, and does nothing in its own name.",
        "Say where its users' answers go (--redirect-uri), or that it has no browser (--device); leave out --keys.",
    ),
    "client.redirect": Cause(
        "Answers of the authorization server cannot go to that address.",
        "Register https://…, http://127.0.0.1/… for a program on somebody's machine, or com.example.app:/… for a public"
        " client; no fragment, no user, no wildcard: addresses are compared character by character.",
    ),
    "client.refused": Cause(
        "The twin's server does not accept the client: its secret was rotated, or it was removed.",
        "Check TWIN_CLIENT_ID and TWIN_CLIENT_SECRET, or make a new secret.",
    ),
    "client.secretless": Cause(
        "The client proves itself by a key of its own, or not at all: it has no secret that could be changed.",
        "Remove it, and register it anew: twin client remove NAME.",
    ),
    "client.sites": Cause(
        "A client is registered for certain sites, or for all, and the command says neither or both.",
        "Name each with --site KEY, or say --all-sites.",
    ),
    "client.unknown": Cause("No client has that name or id.", "twin client list shows those there are."),
    "code.unknown": Cause(
        "The twin gives no such code.", "twin explain lists those it gives; codes of the API are at /docs."
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
    "deadletter.unknown": Cause(
        "No dead letter has that number, or it was the oldest when there were too many.",
        "twin deadletter list shows those there are.",
    ),
    "document.invalid": Cause(
        "The documents are wrong; every mistake is listed with its own code and place.",
        "Correct the lines that are named.",
    ),
    "document.unlike": Cause(
        "Two files are compared that are not two versions of one document.",
        "Give two versions of one ontology, or of one topology: they begin with the same name.",
    ),
    "engine.stopping": Cause(
        "The twin is stopping and takes no more changes.", "Send the change again once it has started."
    ),
    "entity.not_new": Cause(
        "An entity is to be created that has been changed before.", "Give a new entity an id of its own and revision 1."
    ),
    "entity.occupied": Cause(
        "An entity is deleted that still contains others.", "Delete what it contains before it, in the same ChangeSet."
    ),
    "entity.unknown": Cause(
        "Nothing has that id or path, or nothing that you may see.",
        "twin show prints every path; ids are never reused.",
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
    "field.fixed": Cause(
        "The field of an entity cannot be changed: its kind, type and key are what it is.",
        "Delete it and create another, or change one of the fields that the message lists.",
    ),
    "file.unreadable": Cause("The file is not there, or cannot be read.", "Check its name and its rights."),
    "file.unwritable": Cause(
        "The file cannot be written.", "Check its name, the rights of its folder and the free space."
    ),
    "fleet.unknown": Cause("There is no fleet of that name.", "twin fleet list shows them; twin fleet add makes one."),
    "grant.over": Cause("The time at which a role is to end has passed.", "Name a time that is still to come."),
    "grant.unknown": Cause(
        "Nobody gave them that role on that very thing; they may have it by another one.",
        "twin grant list shows what was given; twin explain-access says from where they have it.",
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
    "id.taken": Cause("An entity has that id already, or had it once.", "Mint a new id: they are never reused."),
    "job.failed": Cause(
        "A job met a mistake in the twin; its log says more.",
        "Plan again: what was committed stays, and the new plan holds the rest.",
    ),
    "job.unknown": Cause(
        "There is no such job, or another client's: jobs are kept for a day, and not across a restart.",
        "Plan again: the plan shows what is left to do.",
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
    "key.invalid": Cause(
        "The key of an entity is not written as keys are.", "Keys are lowercase letters, digits and hyphens: flat-302."
    ),
    "key.reused": Cause(
        "The idempotency key was sent with another plan before.",
        "Choose a new key for each plan.",
    ),
    "keys.early": Cause(
        "The next key was published less than five minutes ago; verifiers that keep the published keys may refuse it.",
        "Wait until then, or rotate at once: twin keys rotate --now (--revoke, if a key has been seen by others).",
    ),
    "keys.unusable": Cause(
        "The key that signs access tokens cannot be read.",
        "Make the directory readable, or restore the file; without it a new key is made, and every token is renewed.",
    ),
    "limit.exceeded": Cause("More is asked for than one answer or one ChangeSet may hold.", "Ask for less at a time."),
    "link.invalid": Cause(
        "A link to choose a password works once, and for two days.",
        "Whoever runs the twin makes a new one: twin user link EMAIL.",
    ),
    "log.trimmed": Cause(
        "The graph of that time cannot be made again: the log does not go back to its beginning any more.",
        "Ask for a later time, or restore a backup of before.",
    ),
    "login.invalid": Cause(
        "The e-mail address is unknown, the password is wrong, or the user was disabled: nothing says which.",
        "Check both, or ask whoever runs the twin for a link to choose a new password: twin user link EMAIL.",
    ),
    "login.throttled": Cause(
        "Somebody tried too often to sign in with that address, or from that machine.",
        "Wait as long as the answer says; the right password does not help before.",
    ),
    "message.too_large": Cause("A message is larger than the MQTT server takes.", "Send fewer points at once."),
    "migration.missing": Cause(
        "Two versions of an ontology differ in their major part, and the newer does not say how what exists follows.",
        "Its author adds a migration for every major version on the way, such as 'migrations: { 1 -> 2: [ … ] }'.",
    ),
    "moment.invalid": Cause(
        "That is neither a sequence of the log nor a time.",
        "Write a number as twin log prints it, or a time: 2026-11-23, 2026-11-23T14:03:49Z; without a zone it is UTC.",
    ),
    "mqtt.refused": Cause(
        "The MQTT server refuses the client: its token, its rights, or an identifier that another client uses.",
        "Check the client's scopes and sites, and give each client an identifier of its own.",
    ),
    "mqtt.unavailable": Cause("The MQTT server takes no more clients at the moment.", "Connect again later."),
    "mqtt.unreachable": Cause("No MQTT server answers there.", "Is the server running, and is this its MQTT port?"),
    "ontology.foreign": Cause(
        "A client bound to sites would bring an ontology into force that every site goes by; or one that may not read "
        "what is private would change what says that it is.",
        "Use the ontologies in force, or have a client that may touch every site and read what is private apply it.",
    ),
    "ontology.in_use": Cause(
        "Other sites use what is gone or different in the version of an ontology that a plan would install.",
        "Bring them along first: twin upgrade --ontology NAME@VERSION --sites all; or keep what they use.",
    ),
    "ontology.unknown": Cause(
        "No ontology of that name is found beside the file, on the path given, or among the shipped.",
        "Give its file, or the folder that it is in: --ontology-path DIR.",
    ),
    "packet.malformed": Cause(
        "What an MQTT client sent cannot be read as a packet; the connection is closed.",
        "The client breaks the protocol: use another library, or another version of it.",
    ),
    "packet.unexpected": Cause(
        "An MQTT client sent a packet that does not belong there; the connection is closed.",
        "The client breaks the protocol: use another library, or another version of it.",
    ),
    "parameter.invalid": Cause(
        "A --set has no '=', or names a parameter twice.", "Write --set NAME=VALUE once for each parameter."
    ),
    "parent.invalid": Cause(
        "An entity of that kind does not stand there, or it would be moved into itself or what it contains.",
        "Sites contain spaces, devices, gateways and views; spaces contain spaces and devices; devices their parts.",
    ),
    "password.weak": Cause(
        "A password is too short or too long.",
        "Choose 12 characters or more: a few words that do not belong together are easy to keep in mind.",
    ),
    "path.taken": Cause(
        "There is something at that path already, which this topology did not create.",
        "Give it another key, or delete what is there.",
    ),
    "plan.busy": Cause(
        "Too many plans are being made at once.",
        "Try again in some seconds, one plan at a time.",
    ),
    "plan.conflict": Cause(
        "Users and the topology have both changed a field, and to different values.",
        "Say whose value it gets: --take topology, or --take live.",
    ),
    "plan.deletes": Cause(
        "The plan deletes entities, and nobody said that it may.",
        "Look at its first lines; if that is what you want, apply with --allow-delete.",
    ),
    "plan.foreign": Cause(
        "The plan was made for another twin than this one.",
        "Make it again here, or name that twin's directory with --data.",
    ),
    "plan.settled": Cause(
        "A plan that was kept is applied with options of its own, and it says all of that already.",
        "Apply it as it stands, or plan again with other options.",
    ),
    "plan.stale": Cause(
        "The site has changed since the plan was made, so its outcome would not be what you saw.",
        "Make the plan again and look at what differs.",
    ),
    "plan.unknown": Cause(
        "There is no such plan, or another client's: plans are kept for an hour, and not across a restart.",
        "Make the plan again.",
    ),
    "plan.unreadable": Cause(
        "The file is no plan that this version of the twin can read.",
        "Make it again: twin plan TOPOLOGY --out FILE.json.",
    ),
    "point.unknown": Cause(
        "The entity has no such point.", "The message lists those it has; twin show prints them all."
    ),
    "port.taken": Cause(
        "Something listens on the address already, or you may not.",
        "Stop it, or choose another with --port or --mqtt-port; 0 takes a free one.",
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
    "property.required": Cause(
        "The type requires the property of every instance.", "Give it another value instead of none."
    ),
    "property.unknown": Cause("The entity's type has no such property.", "The message lists those it has."),
    "property.value": Cause("The property cannot take that value.", "The message says what it takes."),
    "records.newer": Cause(
        "The records of clients and dead letters were written by a newer version of the twin.", _NEWER
    ),
    "records.unavailable": Cause("The records of clients and dead letters cannot be used.", _BACKEND),
    "relation.across": Cause(
        "A relation would lead from one site into another: a site is what is seen, or hidden, as a whole.",
        "Relate what is in one site; who may act on several sites has roles on them, or manages them as a fleet.",
    ),
    "relation.ends": Cause(
        "A relation would say who may do what, and leads from or to what it cannot.",
        "HAS_ROLE leads, with roles, from users and clients to what they act on; MANAGES from fleets to sites, devices.",
    ),
    "relation.taken": Cause(
        "The two entities have that relation already, or it follows from the tree.",
        "There is nothing to add; to move an entity, change its parent.",
    ),
    "relation.undeclared": Cause(
        "No ontology in use declares a relation of that name.",
        "The message lists those that there are, under the names of both their ends.",
    ),
    "relation.unknown": Cause(
        "The two entities do not have that relation.", "Look again: it may have been removed already."
    ),
    "request.invalid": Cause("The request cannot be carried out as it is.", "The message says what to change."),
    "restore.unfinished": Cause(
        "A backup is being restored into the directory, or that was broken off in the middle.",
        "Restore again: it begins anew. What was there before is in the directory's folder replaced-….",
    ),
    "revision.conflict": Cause(
        "The entity has changed since the revision that was named.",
        "Read it again, and send what you still want to change.",
    ),
    "role.insufficient": Cause(
        "The roles that somebody has there let them see it, and not do what they ask.",
        "Ask who may share it for another role (twin grant add WHO ROLE PATH); twin explain-access says what you have.",
    ),
    "role.misplaced": Cause(
        "The role is not one that somebody has on such a thing: the ontology says on which types it is had.",
        "Give it on one of the types that the message lists, or give another role.",
    ),
    "role.unknown": Cause(
        "No ontology in force declares a role of that name, or two do.",
        "The message lists those there are; where two have the name, write it with its ontology: tertiary/Visitor.",
    ),
    "schema.unknown": Cause(
        "twin schema is not told which schema to print.", "Say one of its options; twin schema --help lists them."
    ),
    "scope.insufficient": Cause(
        "The token is good and lacks the scope that this needs.",
        "Register a client with the scope: twin client add NAME --scope …",
    ),
    "scope.unknown": Cause(
        "A scope is named that does not exist, or none at all.", "The message lists those there are."
    ),
    "sequence.unknown": Cause(
        "The log has no such sequence: it has not come so far.",
        "twin log prints the sequences there are.",
    ),
    "serial.taken": Cause(
        "Another device of the site has that serial.", "A serial names one device: release it there first."
    ),
    "series.line": Cause(
        "A line of a measured series cannot be read.", "Each is a unix time in seconds, a tab, and a value."
    ),
    "series.unreadable": Cause(
        "A file that the map of series names cannot be read.", "Name the folder that holds the files of the map."
    ),
    "server.invalid": Cause(
        "What is given as the server's address is no URL.", "Write --server http://127.0.0.1:8080."
    ),
    "server.refused": Cause("The server answered with an error, which the message repeats.", "Its own log says more."),
    "server.unreachable": Cause("No server answers there.", "Is the twin running, and is this its address?"),
    "setting.invalid": Cause(
        "A setting cannot mean anything, given as a flag or in the environment.",
        "Correct the flag or the variable that is named.",
    ),
    "site.busy": Cause(
        "The site changed again and again while a plan of it was to be made.",
        "Wait until what changes it has finished.",
    ),
    "site.taken": Cause(
        "A site of that key lives, and was made from another topology.",
        "Choose another key with --site, or apply the topology that it was made from.",
    ),
    "site.unknown": Cause("There is no site of that key.", "twin show prints them all; twin apply makes one."),
    "sort.invalid": Cause(
        "No list can be put in that order.",
        "Sort by key, title, created, updated, or the name of a property or a point; - before it turns it round.",
    ),
    "source.across": Cause(
        "A point of a space would follow a device of another site: who sees a site need not see another.",
        "Follow a device of the same site.",
    ),
    "source.unknown": Cause(
        "A point of a space would follow a device that does not exist.",
        "Create the device in the same ChangeSet, or before.",
    ),
    "speed.invalid": Cause(
        "The speed of a replay is no number above 0.", "Write 1 for real time, 3600 for an hour a second, or max."
    ),
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
    "telemetry.refused": Cause(
        "The twin takes no messages of this client for that site.",
        "Register one that may: twin client add NAME --scope telemetry:write --site KEY.",
    ),
    "title.invalid": Cause("A title has no text, or too much.", "Give it some, in one language at least."),
    "token.initial": Cause(
        "The initial access token is unknown, used up or expired: a program needs one to register itself as a client.",
        "Whoever runs the twin makes one: twin client invite --scope SCOPE.",
    ),
    "token.invalid": Cause(
        "The access token does not verify, has expired, or its client was rotated or removed.", "Get a new token."
    ),
    "topology.unknown": Cause(
        "No topology of that name is kept for this client.",
        "Keep it first with POST /api/v1/topologies, or send the document itself.",
    ),
    "trim.recent": Cause(
        "The log is kept for a day at least: a change that is sent again within it is known, and done once.",
        "Name an earlier time.",
    ),
    "twin.error": Cause("The twin refuses, for a reason that has no code of its own.", "The message says more."),
    "type.reveals": Cause(
        "A plan by a client that may not read what is private gives something a type by which that would be open.",
        "Keep its type, or have a client plan it that may read what is private.",
    ),
    "type.unknown": Cause("No ontology in use has a type of that name.", "Types are capitalised, as in the ontology."),
    "unit.incompatible": Cause(
        "The two units measure different things, so there is nothing to convert.",
        "Ask for a unit of the point's own dimension.",
    ),
    "upgrade.needed": Cause(
        "A plan would bring a site to a version of its ontology that declared steps lead to: without them, "
        "readings and values would not follow.",
        "Upgrade the site first: twin upgrade --ontology NAME@VERSION --sites KEY; then plan again.",
    ),
    "upgrade.older": Cause(
        "A version is asked for that is older than the one in force.",
        "A site goes back by the record of its upgrade: twin upgrade --list, then twin upgrade --rollback "
        "ID --sites KEY.",
    ),
    "upgrade.restless": Cause(
        "A site was changed by others each time that it was about to be upgraded.",
        "Go on when less is being changed there: twin upgrade --resume ID.",
    ),
    "upgrade.same_version": Cause(
        "A document differs from the one that is installed, and has the same version.",
        "Raise its version; twin diff OLD NEW says which one it needs.",
    ),
    "upgrade.unclear": Cause(
        "The options of twin upgrade do not say what is to be done, or at which sites.",
        "Give --ontology or --topology with --sites; or one of --list, --show ID, --resume ID, --rollback "
        "ID with --sites.",
    ),
    "upgrade.uncovered": Cause(
        "Two versions of an ontology differ in something that exists and that no step covers.",
        "Add the steps that the message names to 'migrations' of the newer version, and plan again; "
        "nothing was changed.",
    ),
    "upgrade.unknown": Cause(
        "No upgrade has that id.",
        "twin upgrade --list shows those there were.",
    ),
    "upgrade.version": Cause(
        "What is found of an ontology is of another version than the one asked for.",
        "Name the folder of the right one with --ontology-path DIR, or give its file.",
    ),
    "user.email": Cause("That is no e-mail address.", "Write one as people do: name@example.com."),
    "user.exists": Cause(
        "A user of that e-mail address is there already.",
        "twin user link EMAIL makes a new link for them to choose a password by.",
    ),
    "user.unknown": Cause("No user has that e-mail address or id.", "twin user list shows those there are."),
    "value.invalid": Cause(
        "An argument, a parameter or a setting cannot mean anything.", "The message says what is wanted."
    ),
    "where.invalid": Cause(
        "The condition cannot be read, or names what no type has.",
        'Write it as the rule of a view: temperature > 25 and area >= 20, type is Lamp, within "/floor-1".',
    ),
}
"""What is raised as an error, by its code."""
