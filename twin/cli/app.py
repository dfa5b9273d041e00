"""The command line's skeleton: every command, what it is for, and one place where errors become exit codes."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from twin.cli import (
    assets,
    audit,
    authors,
    check,
    devices,
    doctor,
    history,
    inviting,
    issuers,
    keys,
    layout,
    moving,
    neo4j,
    organisations,
    people,
    rights,
    serve,
    upgrade,
    users,
)
from twin.cli.output import Output
from twin.errors import TwinError

__all__ = ["app", "main"]

_USAGE = 64
_CLICK_USAGE = 2
_INTERRUPTED = 130


_MORE = "More, by name"
"""The panel of the commands that `twin --help` only names: there are more than fit on a screen."""


class _Commands(TyperGroup):
    """Help that fits on a screen: there is no option but the one for help, and what is used seldom is only named."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List the commands only."""
        known = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, each.get_short_help_str(formatter.width - 16)) for name, each in known if not _is_more(each)]
            )
        with formatter.section(f"{_MORE} (twin NAME --help)"):
            formatter.write_text(", ".join(name for name, each in known if _is_more(each)))


def _is_more(command: Any) -> bool:
    return getattr(command, "rich_help_panel", None) == _MORE


app = typer.Typer(
    name="twin",
    cls=_Commands,
    help="A digital twin of buildings: describe them in YAML, keep them live.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(authors.validate)
app.command()(layout.fmt)
app.command()(authors.diff)
app.command()(authors.explain)
app.command()(authors.plan)
app.command()(authors.apply)
app.command()(upgrade.upgrade)
app.command()(authors.show)
app.command()(history.log)
app.command()(devices.replay)
app.command()(devices.simulate)
app.add_typer(devices.deadletter, name="deadletter")
app.add_typer(assets.asset, name="asset", rich_help_panel=_MORE)
app.add_typer(people.client, name="client")
for _inviting in (inviting.invite, inviting.invitations, inviting.uninvite):
    users.user.command()(_inviting)
app.add_typer(users.user, name="user", rich_help_panel=_MORE)
app.add_typer(rights.grant, name="grant", rich_help_panel=_MORE)
app.add_typer(organisations.organisation, name="organisation", rich_help_panel=_MORE)
app.add_typer(rights.fleet, name="fleet", rich_help_panel=_MORE)
app.command("explain-access", rich_help_panel=_MORE)(rights.explain_access)
app.command(rich_help_panel=_MORE)(audit.audit)
app.command(rich_help_panel=_MORE)(doctor.doctor)
app.command(rich_help_panel=_MORE)(check.check)
app.add_typer(issuers.issuer, name="issuer", rich_help_panel=_MORE)
app.add_typer(keys.keys, name="keys", rich_help_panel=_MORE)
app.add_typer(neo4j.neo4j, name="neo4j", rich_help_panel=_MORE)
app.command(rich_help_panel=_MORE)(moving.copy)
app.command(rich_help_panel=_MORE)(moving.backup)
app.command(rich_help_panel=_MORE)(moving.restore)
app.command()(serve.serve)
app.command()(serve.demo)
app.command(rich_help_panel=_MORE)(serve.schema)


def main() -> NoReturn:
    """Run a command; wrong usage exits with 64, an error of the twin as its kind says."""
    try:
        app()
    except TwinError as error:
        Output(json="--json" in sys.argv).fail(error)
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except SystemExit as leave:
        meant = isinstance(leave.__context__, typer.Exit)  # a command's own exit, such as 2 for "there are changes"
        usage = leave.code == _CLICK_USAGE and not meant
        raise SystemExit(_USAGE if usage else leave.code) from None
    raise SystemExit(0)
