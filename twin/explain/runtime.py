"""What commands, scripts and servers refuse: a table, of which what is kept and who asks have modules of their own."""

from __future__ import annotations

from twin.explain.causes import Cause
from twin.explain.issuers import ISSUERS
from twin.explain.people import PEOPLE
from twin.explain.stock import ASSETS
from twin.explain.storage import STORAGE

__all__ = ["RUNTIME"]


_REST: dict[str, Cause] = {
    "code.unknown": Cause(
        "The twin gives no such code.", "twin explain lists those it gives; codes of the API are at /docs."
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
    "field.fixed": Cause(
        "The field of an entity cannot be changed: its kind, type and key are what it is.",
        "Delete it and create another, or change one of the fields that the message lists.",
    ),
    "file.unreadable": Cause("The file is not there, or cannot be read.", "Check its name and its rights."),
    "file.unwritable": Cause(
        "The file cannot be written.", "Check its name, the rights of its folder and the free space."
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
    "key.invalid": Cause(
        "The key of an entity is not written as keys are.", "Keys are lowercase letters, digits and hyphens: flat-302."
    ),
    "key.reused": Cause(
        "The idempotency key was sent with another plan before.",
        "Choose a new key for each plan.",
    ),
    "limit.exceeded": Cause("More is asked for than one answer or one ChangeSet may hold.", "Ask for less at a time."),
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
    "property.required": Cause(
        "The type requires the property of every instance.", "Give it another value instead of none."
    ),
    "property.unknown": Cause("The entity's type has no such property.", "The message lists those it has."),
    "property.value": Cause("The property cannot take that value.", "The message says what it takes."),
    "relation.across": Cause(
        "A relation would lead from one site into another: a site is what is seen, or hidden, as a whole.",
        "Relate what is in one site; who may act on several sites has roles on them, or manages them as a fleet.",
    ),
    "relation.ends": Cause(
        "A relation would say who may do what, and leads from or to what it cannot.",
        "HAS_ROLE leads, with roles, from users, clients and organisations to what they act on; MANAGES from fleets; "
        "MEMBER_OF from users to organisations.",
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
    "revision.conflict": Cause(
        "The entity has changed since the revision that was named.",
        "Read it again, and send what you still want to change.",
    ),
    "schema.unknown": Cause(
        "twin schema is not told which schema to print.", "Say one of its options; twin schema --help lists them."
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
    "telemetry.refused": Cause(
        "The twin takes no messages of this client for that site.",
        "Register one that may: twin client add NAME --scope telemetry:write --site KEY.",
    ),
    "title.invalid": Cause("A title has no text, or too much.", "Give it some, in one language at least."),
    "topic.denied": Cause(
        "The audit's word for a topic that an MQTT client may not publish or subscribe to, or that does not exist.",
        "See what it may: twin client list, twin explain-access; a box has its own topics only.",
    ),
    "topology.unknown": Cause(
        "No topology of that name is kept for this client.",
        "Keep it first with POST /api/v1/topologies, or send the document itself.",
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
    "value.invalid": Cause(
        "An argument, a parameter or a setting cannot mean anything.", "The message says what is wanted."
    ),
    "where.invalid": Cause(
        "The condition cannot be read, or names what no type has.",
        'Write it as the rule of a view: temperature > 25 and area >= 20, type is Lamp, within "/floor-1".',
    ),
}

RUNTIME = dict(sorted({**_REST, **ISSUERS, **PEOPLE, **ASSETS, **STORAGE}.items()))
