"""``key new|list|rotate|revoke``: the keys that open the HTTP API."""

from typing import Annotated, Any

import typer

from loyaltychain.actions.log import record
from loyaltychain.api.instants import format_optional
from loyaltychain.api.keys import (
    APP_SCOPES,
    SCOPES,
    ApiKey,
    create_key,
    environment_of,
    list_keys,
    revoke_key,
    rotate_key,
)
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_json, stderr, stdout
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.migrate import open_migrated

DAY = 86_400


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)
    group.command("new")(new)
    group.command("list")(list_)
    group.command("rotate")(rotate)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it, for you to recognise.")],
    source: Annotated[
        list[str],
        typer.Option(
            metavar="SOURCE", help="An event source that it may write, such as shop; may be given several times."
        ),
    ],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What it may do: {', '.join(SCOPES)}; may be given several times. Default: {', '.join(APP_SCOPES)}."
        ),
    ] = None,
    manages: Annotated[
        bool,
        typer.Option(
            "--manages", help="Add the scopes manage (rewards, adjustments, accounts, approvals) and reports."
        ),
    ] = False,
    expires_days: Annotated[
        int | None, typer.Option(help="It opens nothing from so many days on.", min=1, max=36_500)
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; the database keeps a hash."""
    with speaking(as_json):
        project, now = project_at(home), system_clock()
        with transaction(open_migrated(project.database_url)) as tx:
            key, text = create_key(
                tx,
                name,
                source,
                environment=environment_of(project.settings.network),
                manages=manages,
                scopes=scope or APP_SCOPES,
                expires_at=None if expires_days is None else UnixSeconds(now + expires_days * DAY),
                now=now,
            )
            _record(tx, "key.new", key, scopes=list(key.scopes), sources=list(key.sources))
        _show_new(key, text, as_json=as_json)


def rotate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the key that is to be replaced.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a second key of the same name and rights. Let the app use it, then revoke the old one."""
    with speaking(as_json):
        project = project_at(home)
        environment = environment_of(project.settings.network)
        with transaction(open_migrated(project.database_url)) as tx:
            key, text, old = rotate_key(tx, name, environment=environment, now=system_clock())
            _record(tx, "key.rotate", key, replaces=old.id)
        _show_new(key, text, as_json=as_json, old=old)


def list_(home: Home = HERE, as_json: AsJson = False) -> None:
    """List all keys without their secrets."""
    with speaking(as_json):
        with reading(open_migrated(project_at(home).database_url)) as tx:
            found = list_keys(tx)
        if as_json:
            print_json({"keys": [_document(key) for key in found]})
            return
        now = system_clock()
        stdout.print(counted(len(found), "key") if found else "There are no keys. Make one: loyaltychain key new NAME "
                     "--source SOURCE")  # fmt: skip
        print_rows(["id", "name", "sources", "may", "used", "ends"], [], [
            (key.id, key.name, ", ".join(key.sources), ", ".join(key.scopes),
             (format_optional(key.used_at) or "never")[:10], _end(key, now))
            for key in found
        ], ids=["id", "used"])  # fmt: skip


def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `key list` shows it; or the key itself.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Revoke a key for ever. A server that runs takes it for some seconds still."""
    with speaking(as_json):
        parts = key.split("_")
        key_id = parts[2] if len(parts) == 4 else key
        with transaction(open_migrated(project_at(home).database_url)) as tx:
            revoked = revoke_key(tx, key_id, now=system_clock())
            _record(tx, "key.revoke", revoked)
        if as_json:
            print_json(_document(revoked))
        else:
            stdout.print(f"The key {revoked.id} of {revoked.name!r} is revoked.", highlight=False)


def _record(tx: Tx, action: str, key: ApiKey, **details: Any) -> None:
    record(
        tx, actor="operator", action=action, subject=f"key:{key.id}", reason="by command", at=system_clock(),
        details=details or None,
    )  # fmt: skip


def _show_new(key: ApiKey, text: str, *, as_json: bool, old: ApiKey | None = None) -> None:
    if as_json:
        print_json(_document(key) | {"key": text} | ({} if old is None else {"replaces": old.id}))
        return
    stdout.print(text, highlight=False, soft_wrap=True)
    lines = [
        f"That is the key {key.id} of {key.name!r}, shown this once. It may write: {', '.join(key.sources)}.",
        f"It has the scopes {', '.join(key.scopes)}.",
    ]
    if key.expires_at is not None:
        lines.append(f"It opens nothing from {format_instant(key.expires_at)} on.")
    if old is not None:
        lines.append(f"The key {old.id} still opens: end it with `loyaltychain key revoke {old.id}`.")
    stderr.print(" ".join(lines), highlight=False, soft_wrap=True)


def _end(key: ApiKey, now: UnixSeconds) -> str:
    if key.revoked_at is not None:
        return f"revoked {format_instant(key.revoked_at)[:10]}"
    if key.expires_at is None:
        return ""
    return f"{'ended' if not key.is_active(now) else 'at'} {format_instant(key.expires_at)[:10]}"


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "sources": list(key.sources),
        "scopes": list(key.scopes),
        "created_at": format_instant(key.created_at),
        "expires_at": format_optional(key.expires_at),
        "used_at": format_optional(key.used_at),
        "revoked_at": format_optional(key.revoked_at),
    }
