"""``key new|list|revoke``: the keys that open the HTTP API."""

from typing import Annotated, Any

import typer
from rich.table import Table

from loyaltychain.api.instants import format_optional
from loyaltychain.api.keys import ApiKey, create_key, environment_of, list_keys, revoke_key
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_json, stderr, stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import open_migrated


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)
    group.command("new")(new)
    group.command("list")(list_)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it, for you to recognise.")],
    source: Annotated[
        list[str], typer.Option(metavar="SOURCE", help="An event source that it may write; may be given several times.")
    ],
    manages: Annotated[
        bool, typer.Option("--manages", help="It may also set rewards and adjust members' points.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; the database keeps a hash."""
    with speaking(as_json):
        project = project_at(home)
        with transaction(open_migrated(project.database_url)) as tx:
            key, text = create_key(
                tx,
                name,
                source,
                environment=environment_of(project.settings.network),
                manages=manages,
                now=system_clock(),
            )
        if as_json:
            print_json(_document(key) | {"key": text})
            return
        stdout.print(text, highlight=False, soft_wrap=True)
        stderr.print(f"That is the key {key.id} of {name!r}, shown this once. It may write: {', '.join(key.sources)}.",
                     highlight=False, soft_wrap=True)  # fmt: skip


def list_(home: Home = HERE, as_json: AsJson = False) -> None:
    """List all keys without their secrets."""
    with speaking(as_json):
        with reading(open_migrated(project_at(home).database_url)) as tx:
            found = list_keys(tx)
        if as_json:
            print_json({"keys": [_document(key) for key in found]})
            return
        table = Table("id", "name", "sources", "manages", "made", "revoked",
                      title=counted(len(found), "key"), title_justify="left")  # fmt: skip
        for key in found:
            made, revoked = format_instant(key.created_at), format_optional(key.revoked_at) or ""
            table.add_row(
                key.id, key.name, ", ".join(key.sources), "yes" if key.manages else "no", made[:10], revoked[:10]
            )
        stdout.print(table)


def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `key list` shows it; or the key itself.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Revoke a key for ever. It opens nothing from the next request on."""
    with speaking(as_json):
        parts = key.split("_")
        key_id = parts[2] if len(parts) == 4 else key
        with transaction(open_migrated(project_at(home).database_url)) as tx:
            revoked = revoke_key(tx, key_id, now=system_clock())
        if as_json:
            print_json(_document(revoked))
        else:
            stdout.print(f"The key {revoked.id} of {revoked.name!r} is revoked.", highlight=False)


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "sources": list(key.sources),
        "manages": key.manages,
        "created_at": format_instant(key.created_at),
        "revoked_at": format_optional(key.revoked_at),
    }
