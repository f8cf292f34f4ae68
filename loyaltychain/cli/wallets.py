"""``wallet``: vouchers for members' wallets, bindings, and how they stand. docs/WALLETS.md tells the whole way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.chain.sender import Outcome, Sender
from loyaltychain.chain.signer import KeySigner, load_key
from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.options import HERE, AsJson, Home, in_words, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.events import identity
from loyaltychain.settlement.guard import check_identity
from loyaltychain.wallets import bindings
from loyaltychain.wallets.voucher import Voucher, parse_address, parse_signature, parse_voucher, sign_consent
from loyaltychain.wallets.voucher import sign_voucher as sign
from loyaltychain.wiring import World, open_world

Member = Annotated[str, typer.Option("--member", metavar="MEMBER", help="The member's id, as the shop has it.")]
VoucherFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A voucher, as `wallet voucher` prints it.", dir_okay=False)
]
Consent = Annotated[str, typer.Option("--consent", help="The wallet's signature over the voucher's `consent`, as hex.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Wallets that show members' points.", no_args_is_help=True)
    for command in (voucher, consent, show):
        group.command(command.__name__)(command)
    for sending in (bind, rebind, execute, cancel):
        group.command(sending.__name__)(signing(sending))
    app.add_typer(group, name="wallet")


def voucher(
    member: Member,
    wallet: Annotated[str, typer.Option(metavar="ADDRESS", help="The wallet's address.")],
    hours: Annotated[int, typer.Option(help="How long it is good.", min=1, max=8760)] = 24,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Print a voucher as JSON: the programme's signature, and under `consent` what the wallet has to sign."""
    with speaking(as_json):
        world = open_world(project_at(home))
        check_identity(world.rpc, world.deployment)
        key = world.key("registrar")
        bindings.check_voucher_signer(world.rpc, world.manifest, key.address)
        binding = bindings.next_binding(
            world.rpc,
            world.manifest,
            member=_number_of_open(world, member),
            wallet=parse_address(wallet, field="--wallet"),
            seconds=hours * 3600,
        )
        print_json(sign(binding, key).document)


def consent(
    file: VoucherFile,
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="The wallet's key: a file of 64 hex digits, mode 0600.", dir_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Sign a voucher's consent with a key in a file: for tests, and for wallets that are no app."""
    with speaking(as_json):
        signature = to_hex(sign_consent(_read(file).binding, load_key(key)))
        if as_json:
            print_json({"consent": signature})
        else:
            stdout.print(signature, highlight=False, soft_wrap=True)


def bind(file: VoucherFile, consent: Consent, home: Home = HERE, as_json: AsJson = False) -> None:
    """Bind the voucher's wallet to its member."""
    _submit_voucher(bindings.bind, file, consent, home, as_json=as_json)


def rebind(file: VoucherFile, consent: Consent, home: Home = HERE, as_json: AsJson = False) -> None:
    """Propose the voucher's wallet in place of the member's lost one. It waits; `wallet execute` ends it."""
    _submit_voucher(bindings.propose, file, consent, home, as_json=as_json)


def execute(member: Member, home: Home = HERE, as_json: AsJson = False) -> None:
    """Change the member's wallet as proposed, once the present one has had its time to object."""
    _submit_member(partial(bindings.execute_proposal, now=system_clock()), member, home, as_json=as_json)


def cancel(member: Member, home: Home = HERE, as_json: AsJson = False) -> None:
    """Take back what was proposed for the member."""
    _submit_member(bindings.cancel_proposal, member, home, as_json=as_json)


def show(
    member: Annotated[str | None, typer.Option(metavar="MEMBER", help="The member's id, as the shop has it.")] = None,
    wallet: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Or the wallet's address.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """How a member, or the member of a wallet, stands on chain."""
    with speaking(as_json):
        if (member is None) == (wallet is None):
            raise errors.InvalidOperation("Name one of --member or --wallet.")
        world = open_world(project_at(home))
        if member is not None:
            number: int | None = _number_of(world, member)
        else:
            number = bindings.read_member_of(world.rpc, world.manifest, parse_address(wallet, field="--wallet"))
        if number is None:
            raise errors.UnknownMember("No member is bound to this wallet.", wallet=wallet)
        _print(_facts(world, number), as_json=as_json)


def _submit_voucher(submit: Callable[..., Outcome], file: Path, given: str, home: Path, *, as_json: bool) -> None:
    with speaking(as_json):
        voucher, signature = _read(file), parse_signature(given, field="--consent")
        world = open_world(project_at(home))
        sender, signer = _sender(world)
        outcome = submit(sender, world.manifest, voucher, signature, signer=signer)
        _print({**_facts(world, voucher.binding.member), **_done(outcome)}, as_json=as_json)


def _submit_member(submit: Callable[..., Outcome], member: str, home: Path, *, as_json: bool) -> None:
    with speaking(as_json):
        world = open_world(project_at(home))
        number = _number_of(world, member)
        sender, signer = _sender(world)
        outcome = submit(sender, world.manifest, number, signer=signer)
        _print({**_facts(world, number), **_done(outcome)}, as_json=as_json)


def _sender(world: World) -> tuple[Sender, str]:
    """A sender for the registrar's key, which may call what concerns bindings, and its address."""
    manifest = world.manifest
    check_identity(world.rpc, world.deployment)
    signer = KeySigner(world.key("registrar"), bindings.allowed_calls(manifest), chain_id=manifest["chain_id"])
    return world.sender([signer]), signer.address


def _facts(world: World, member: int) -> dict[str, object]:
    standing = bindings.read_standing(world.rpc, world.manifest, member)
    shown = None if standing.wallet is None else bindings.read_shown(world.rpc, world.manifest, standing.wallet)
    return {**asdict(standing), "points_shown": shown}


def _done(outcome: Outcome) -> dict[str, object]:
    return {"transaction": to_hex(outcome.tx_hash), "block": outcome.block_number}


def _print(facts: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        print_facts(f"Member {facts['member']}", dict(_in_words(facts)))


def _in_words(facts: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in facts.items():
        if name == "wallet":
            yield "wallet", value or "no wallet"
        elif name == "executable_at" and isinstance(value, int):
            yield "can be executed at", format_instant(value)
        elif name != "member" and value is not None:
            yield name.replace("_", " "), value


def _number_of(world: World, member: str) -> int:
    with reading(world.engine) as tx:
        return identity.find_member(tx, member)


def _number_of_open(world: World, member: str) -> int:
    """The same of a member whose account is not closed. Raises MemberClosed."""
    with reading(world.engine) as tx:
        number = identity.find_member(tx, member)
        since = identity.closed_at(tx, number)
    if since is not None:
        raise errors.MemberClosed(
            "This member's account is closed: no wallet is bound to it any more.",
            member=member,
            closed_at=format_instant(since),
        )
    return number


def _read(file: Path) -> Voucher:
    try:
        content: Any = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.InvalidOperation(f"{file} cannot be read as a voucher: {in_words(error)}.") from error
    if not isinstance(content, dict):
        raise errors.InvalidOperation(f"{file} is not a voucher: it holds no JSON object.")
    return parse_voucher(content)
