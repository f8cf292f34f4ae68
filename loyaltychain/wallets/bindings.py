"""Bindings on chain: what the member registry answers, and the transactions that change them.

Transactions are intents like all others, so each of these can be killed anywhere and started again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call, function_selectors
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Outcome, Sender
from loyaltychain.chain.signer import AllowedCall
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.wallets.typed_data import Binding
from loyaltychain.wallets.voucher import Voucher, check_consent

CONTRACT: Final = "MemberRegistry"
NOBODY: Final = "0x" + "00" * 20
#: What the key that submits may call.
SUBMITTED: Final = ("bind", "proposeRebind", "executeRebind", "cancelRebind")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one member stands in the registry at the chain's head."""

    member: int
    wallet: str | None
    nonce: int
    proposed: str | None  # another wallet that waits
    executable_at: int | None  # unix seconds


def read_standing(rpc: Rpc, manifest: Mapping[str, Any], member: int) -> Standing:
    """Raises RpcUnavailable."""
    wallet = _ask(rpc, manifest, "walletOf", member)
    rebind = _ask(rpc, manifest, "rebindOf", member)
    is_proposed = rebind["wallet"] != NOBODY
    return Standing(
        member=member,
        wallet=None if wallet == NOBODY else wallet,
        nonce=_ask(rpc, manifest, "nonceOf", member),
        proposed=rebind["wallet"] if is_proposed else None,
        executable_at=rebind["executableAt"] if is_proposed else None,
    )


def read_member_of(rpc: Rpc, manifest: Mapping[str, Any], wallet: str) -> int | None:
    """The member whose points the wallet shows. Raises RpcUnavailable."""
    member: int = _ask(rpc, manifest, "memberOf", wallet)
    return member or None


def read_shown(rpc: Rpc, manifest: Mapping[str, Any], wallet: str) -> int:
    """The points that a wallet shows: the ledger's ``balanceOf``. Raises RpcUnavailable."""
    abi = artifacts.load("PointsLedger").abi
    call = encode_call(abi, "balanceOf", (wallet,))
    points: int = decode_output(abi, "balanceOf", rpc.call(manifest["contracts"]["PointsLedger"]["address"], call))
    return points


def next_binding(rpc: Rpc, manifest: Mapping[str, Any], *, member: int, wallet: str, seconds: int) -> Binding:
    """What to sign now so that ``wallet`` can be bound to ``member``; good for ``seconds`` of the chain's time.

    Raises:
        InvalidOperation: the wallet is bound already, or is one of our contracts.
        RpcUnavailable: the node does not answer.
    """
    registry = _address(manifest)
    if wallet in (NOBODY, registry, manifest["contracts"]["PointsLedger"]["address"].lower()):
        raise errors.InvalidOperation("This address is no wallet.", wallet=wallet)
    bound = read_member_of(rpc, manifest, wallet)
    if bound is not None:
        raise errors.InvalidOperation(
            "This wallet shows a member's points already: one wallet, one member.", wallet=wallet, member=bound
        )
    return Binding(
        chain_id=manifest["chain_id"],
        registry=registry,
        member=member,
        wallet=wallet,
        nonce=read_standing(rpc, manifest, member).nonce,
        deadline=rpc.block("latest").timestamp + seconds,
    )


def check_voucher_signer(rpc: Rpc, manifest: Mapping[str, Any], address: str) -> None:
    """Return if the registry takes vouchers of this address. Raises InvalidSettings, RpcUnavailable."""
    signer = _ask(rpc, manifest, "voucherSigner")
    if signer == NOBODY:
        raise errors.InvalidSettings("The guardian has stopped binding: the config role has to set a voucher signer.")
    if signer != address:
        raise errors.InvalidSettings(
            "The registry takes vouchers of another key than this.", registry=signer, key=address
        )


def bind(sender: Sender, manifest: Mapping[str, Any], voucher: Voucher, consent: bytes, *, signer: str) -> Outcome:
    """Bind the voucher's wallet. ``signer`` pays for the transaction, whoever it is.

    Raises:
        InvalidOperation: another registry's voucher, an old one, a consent of another key, or a member with a wallet.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    standing = _check(sender.rpc, manifest, voucher, consent)
    if standing.wallet not in (None, voucher.binding.wallet):
        raise errors.InvalidOperation(
            "This member has a wallet: it leaves by itself, or is replaced with `loyaltychain wallet rebind`.",
            member=standing.member,
            wallet=standing.wallet,
        )
    facts = voucher.binding
    arguments = (facts.member, facts.wallet, facts.deadline, voucher.signature, consent)
    return _execute(sender, manifest, "bind", arguments, nonce=facts.nonce, signer=signer)


def propose(sender: Sender, manifest: Mapping[str, Any], voucher: Voucher, consent: bytes, *, signer: str) -> Outcome:
    """Propose the voucher's wallet instead of the member's present one; it waits. ``signer`` is the registrar.

    Raises: as ``bind``; InvalidOperation also for a member without a wallet.
    """
    standing = _check(sender.rpc, manifest, voucher, consent)
    if standing.wallet is None:
        raise errors.InvalidOperation(
            "This member has no wallet: use `loyaltychain wallet bind`.", member=standing.member
        )
    facts = voucher.binding
    arguments = (facts.member, facts.wallet, facts.deadline, consent)
    return _execute(sender, manifest, "proposeRebind", arguments, nonce=facts.nonce, signer=signer)


def execute_proposal(
    sender: Sender, manifest: Mapping[str, Any], member: int, *, signer: str, now: UnixSeconds
) -> Outcome:
    """Change the wallet as proposed, once the delay is over. ``signer`` is anybody.

    Raises:
        InvalidOperation: nothing is proposed.
        NotYetFinal: the delay is not over; says when it is.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    standing = _proposed(sender.rpc, manifest, member)
    time = max(sender.rpc.block("latest").timestamp, now)  # an idle local chain's time stands still
    if standing.executable_at is not None and time < standing.executable_at:
        raise errors.NotYetFinal(
            "The present wallet may still object: run it again later.",
            executable_at=format_instant(standing.executable_at),
            chain_time=format_instant(time),
        )
    return _execute(sender, manifest, "executeRebind", (member,), nonce=standing.nonce, signer=signer)


def cancel_proposal(sender: Sender, manifest: Mapping[str, Any], member: int, *, signer: str) -> Outcome:
    """Take the proposal back. ``signer`` is the registrar. Raises: as ``execute_proposal``, but for the delay."""
    standing = _proposed(sender.rpc, manifest, member)
    return _execute(sender, manifest, "cancelRebind", (member,), nonce=standing.nonce, signer=signer)


def allowed_calls(manifest: Mapping[str, Any]) -> list[AllowedCall]:
    """What the key that submits has to be allowed."""
    selectors = function_selectors(artifacts.load(CONTRACT).abi)
    return [
        AllowedCall(_address(manifest), selector)
        for signature, selector in selectors.items()
        if signature.partition("(")[0] in SUBMITTED
    ]


def _proposed(rpc: Rpc, manifest: Mapping[str, Any], member: int) -> Standing:
    standing = read_standing(rpc, manifest, member)
    if standing.proposed is None:
        raise errors.InvalidOperation("No other wallet is proposed for this member.", member=member)
    return standing


def _check(rpc: Rpc, manifest: Mapping[str, Any], voucher: Voucher, consent: bytes) -> Standing:
    facts = voucher.binding
    if (facts.chain_id, facts.registry) != (manifest["chain_id"], _address(manifest)):
        raise errors.InvalidOperation("This voucher is for another programme's registry.", registry=facts.registry)
    standing = read_standing(rpc, manifest, facts.member)
    is_done = standing.wallet == facts.wallet
    if not is_done and standing.proposed != facts.wallet and standing.nonce != facts.nonce:
        raise errors.InvalidOperation(
            "This voucher is used up or overtaken: make a new one with `loyaltychain wallet voucher`.",
            voucher_nonce=facts.nonce,
            registry_nonce=standing.nonce,
        )
    check_consent(facts, consent, is_contract=bool(rpc.code(facts.wallet)))
    return standing


def _execute(
    sender: Sender,
    manifest: Mapping[str, Any],
    function: str,
    arguments: tuple[object, ...],
    *,
    nonce: int,
    signer: str,
) -> Outcome:
    """``nonce`` is the registry's, so that the same call at another time is another intent."""
    calldata = encode_call(artifacts.load(CONTRACT).abi, function, arguments)
    mark = to_hex(keccak256(calldata))[2:18]
    return sender.execute(
        NewIntent(
            id=f"wallet:{manifest['instance_id'][2:10]}:{function}:{arguments[0]}:{nonce}:{mark}",
            chain_id=manifest["chain_id"],
            signer=signer,
            target=_address(manifest),
            calldata=calldata,
        )
    )


def _ask(rpc: Rpc, manifest: Mapping[str, Any], function: str, *arguments: object) -> Any:
    """Addresses come in lower case, structs as dicts."""
    abi = artifacts.load(CONTRACT).abi
    return decode_output(abi, function, rpc.call(_address(manifest), encode_call(abi, function, arguments)))


def _address(manifest: Mapping[str, Any]) -> str:
    return str(manifest["contracts"][CONTRACT]["address"]).lower()
