"""Calls that an operator makes: each an intent, so that whoever is killed in the middle goes on by asking again.

The same call may be made again and again over the years, each time as an intent of its own; as long as the last one has
not come to its end, asking again means that one.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from loyaltychain.chain.intents import ENDS, NewIntent
from loyaltychain.chain.sender import Outcome, Sender
from loyaltychain.chain.tables import intents
from loyaltychain.core.hashing import keccak256
from loyaltychain.db.engine import Tx, reading
from loyaltychain.deploy.published import read_begun

_DIGEST_BYTES = 8


def call_once(
    sender: Sender, manifest: Mapping[str, Any], *, signer: str, target: str | None, calldata: bytes
) -> Outcome:
    """Make this call, or carry the same one to its end if it was begun. ``target`` None creates a contract.

    Raises as ``Sender.execute``.
    """
    content = b"" if target is None else bytes.fromhex(target.removeprefix("0x"))
    stem = f"{_prefix(manifest, signer)}{keccak256(content + calldata)[:_DIGEST_BYTES].hex()}:"
    with reading(sender.engine) as tx:
        number = 1 + _count_ended(tx, stem)
    return sender.execute(NewIntent(f"{stem}{number}", manifest["chain_id"], signer, target, calldata))


def create_once(sender: Sender, manifest: Mapping[str, Any], *, signer: str, creation: bytes) -> Outcome:
    """Create this contract, once for ever: asked again, the one that there is.

    Raises as ``Sender.execute``; a creation that failed on chain is tried anew.
    """
    stem = f"{_prefix(manifest, signer)}create:{keccak256(creation)[:_DIGEST_BYTES].hex()}:"
    with reading(sender.engine) as tx:
        number = 1 + _count_failed(tx, stem)
    return sender.execute(NewIntent(f"{stem}{number}", manifest["chain_id"], signer, None, creation))


def finish_begun(sender: Sender, manifest: Mapping[str, Any], *, signer: str) -> None:
    """Carry to its end what this signer has begun: until then nothing else of its is sent, and the chain may change.

    Raises as ``Sender.execute``.
    """
    with reading(sender.engine) as tx:
        begun = read_begun(tx, _prefix(manifest, signer))
    for intent in begun:
        sender.execute(intent)


def _prefix(manifest: Mapping[str, Any], signer: str) -> str:
    return f"operate:{manifest['instance_id'][2:10]}:{signer[2:10].lower()}:"


def _count_ended(tx: Tx, stem: str) -> int:
    ended = intents.c.id.startswith(stem, autoescape=True) & intents.c.state.in_(ENDS)
    return int(tx.execute(select(func.count()).select_from(intents).where(ended)).scalar_one())


def _count_failed(tx: Tx, stem: str) -> int:
    failed = intents.c.id.startswith(stem, autoescape=True) & (intents.c.state == "reverted")
    return int(tx.execute(select(func.count()).select_from(intents).where(failed)).scalar_one())
