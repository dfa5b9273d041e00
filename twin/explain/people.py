"""What is refused to people and programs for who they are, and of what is kept of them: a table."""

from __future__ import annotations

from twin.explain.causes import Cause

__all__ = ["PEOPLE"]


PEOPLE: dict[str, Cause] = {
    "access.missing": Cause(
        "A command that talks to a running twin does not know where it is, or as whom to speak.",
        "Start a demo on the same data directory, or give --server, --mqtt, --client-id and TWIN_CLIENT_SECRET.",
    ),
    "account.url": Cause(
        "The pages at which people sign in are to have an address that cannot be their origin.",
        "Give https://HOST or https://HOST:PORT in TWIN_ACCOUNT_URL, another than the API's, or leave it out.",
    ),
    "box.none": Cause(
        "Somebody asks what box they are, with a token that is of no gateway or device.",
        "Only a box that was commissioned asks this, with the token that it got by its own key.",
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
    "fleet.unknown": Cause("There is no fleet of that name.", "twin fleet list shows them; twin fleet add makes one."),
    "grant.beyond": Cause(
        "Somebody gives a role that allows more than they may do there themselves, or reaches further.",
        "Give a role that allows less, or ask somebody who may do all that it allows.",
    ),
    "grant.longer": Cause(
        "Somebody gives a role for longer than they have what it allows.",
        "Name an end that is no later than their own: the message says when that is.",
    ),
    "grant.over": Cause("The time at which a role is to end has passed.", "Name a time that is still to come."),
    "grant.unknown": Cause(
        "Nobody gave them that role on that very thing; they may have it by another one.",
        "twin grant list shows what was given; twin explain-access says from where they have it.",
    ),
    "invitation.crowd": Cause(
        "Too many invitations of one person wait for an answer.",
        "Take some of them back; those that run out are forgotten by themselves.",
    ),
    "invitation.days": Cause(
        "An invitation waits for an answer for some days only.",
        "Say how many: more than none, and 90 at most.",
    ),
    "invitation.redirect": Cause(
        "An invitation is to lead on to an address that the app is not registered with.",
        "Name one of its redirect URIs, character by character; twin client list shows them.",
    ),
    "invitation.unknown": Cause(
        "The invitation was answered or taken back, has run out, or is for another address: nothing says which.",
        "Sign in with the address that it is for; else ask who invited you for a new one.",
    ),
    "keys.early": Cause(
        "The next key was published less than five minutes ago; verifiers that keep the published keys may refuse it.",
        "Wait until then, or rotate at once: twin keys rotate --now (--revoke, if a key has been seen by others).",
    ),
    "keys.unusable": Cause(
        "The key that signs access tokens cannot be read.",
        "Make the directory readable, or restore the file; without it a new key is made, and every token is renewed.",
    ),
    "link.invalid": Cause(
        "A link to choose a password works once, and for two days.",
        "Whoever runs the twin makes a new one: twin user link EMAIL.",
    ),
    "login.busy": Cause(
        "More people sign in at this moment than passwords can be looked at, which takes long on purpose.",
        "Try again in some seconds. If it lasts, somebody floods the sign-in: slow them down before the twin.",
    ),
    "login.invalid": Cause(
        "The e-mail address is unknown, the password is wrong, or the user was disabled: nothing says which.",
        "Check both, or ask whoever runs the twin for a link to choose a new password: twin user link EMAIL.",
    ),
    "login.throttled": Cause(
        "Somebody tried too often to sign in with that address, or from that machine.",
        "Wait as long as the answer says; the right password does not help before.",
    ),
    "member.insufficient": Cause(
        "Somebody says who is in an organisation, and is no admin of it.",
        "Ask one of its admins.",
    ),
    "member.kind": Cause(
        "Only users are in organisations: clients and other organisations are not.",
        "Name a user by e-mail address; give a client a role of its own.",
    ),
    "member.standing": Cause(
        "Somebody is a member of an organisation, or an admin, and nothing else.",
        "Say member, or admin.",
    ),
    "member.unknown": Cause(
        "Nobody of that id is in the organisation.",
        "Look at its members again: they may have left.",
    ),
    "organisation.adminless": Cause(
        "An organisation would be left without an admin.",
        "Invite another admin first, or end the organisation.",
    ),
    "organisation.beyond": Cause(
        "An app says who is in an organisation that has more than the app may do, or in sites that it may not touch.",
        "Do it on the account page, or let the app have as much as the organisation has.",
    ),
    "organisation.exists": Cause(
        "There is an organisation of that key already.",
        "Choose another key; its name, for people, may be the same.",
    ),
    "organisation.name": Cause(
        "That cannot be the name of an organisation.",
        "Use some printable characters, not too many.",
    ),
    "organisation.person": Cause(
        "A client asks in its own name for what only people do: organisations are of people.",
        "Ask with a token that a user has let the app have.",
    ),
    "organisation.unknown": Cause(
        "There is no organisation of that key or id, or none that whoever asks is in.",
        "twin organisation list shows them; twin organisation add makes one.",
    ),
    "party.unknown": Cause(
        "Nobody of that id has a role where whoever asks may share, nor is an organisation of theirs.",
        "Invite people by e-mail address; the list of grants gives the ids of those who are there.",
    ),
    "password.weak": Cause(
        "A password is too short or too long.",
        "Choose 12 characters or more: a few words that do not belong together are easy to keep in mind.",
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
    "scope.insufficient": Cause(
        "The token is good and lacks the scope that this needs.",
        "Register a client with the scope: twin client add NAME --scope …",
    ),
    "scope.unknown": Cause(
        "A scope is named that does not exist, or none at all.", "The message lists those there are."
    ),
    "site.ownerless": Cause(
        "A site would be left without anybody who can administer and share it.",
        "Give somebody else such a role first, or transfer the site.",
    ),
    "token.initial": Cause(
        "The initial access token is unknown, used up or expired: a program needs one to register itself as a client.",
        "Whoever runs the twin makes one: twin client invite --scope SCOPE.",
    ),
    "token.invalid": Cause(
        "The access token does not verify, has expired, or its client was rotated or removed.", "Get a new token."
    ),
    "transfer.site": Cause(
        "Only a site changes hands as a whole.",
        "Name a site; into what is in one, invite somebody, and leave your own role.",
    ),
    "user.email": Cause("That is no e-mail address.", "Write one as people do: name@example.com."),
    "user.exists": Cause(
        "A user of that e-mail address is there already.",
        "twin user link EMAIL makes a new link for them to choose a password by.",
    ),
    "user.unknown": Cause("No user has that e-mail address or id.", "twin user list shows those there are."),
}
