"""Put a programme's hash on chain, and remember it, before its rules count. Stop it anywhere, start it again.

The chain is the arbiter: what was begun is carried to its end first, and what the registry knows and the database does
not is taken over from its logs. The programmes' texts are kept in a folder, so that each published hash has its rules.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, encode_call, has_event
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.deploy import published
from loyaltychain.deploy.published import Publication

PREFIX = "publish"


def publish(
    sender: Sender, manifest: Mapping[str, Any], *, document: Mapping[str, Any], digest: bytes, archive: Path
) -> tuple[Publication, bool]:
    """Publish the programme, unless it is the one in force already. Returns it, and whether it is new.

    It counts from the position after the newest entry, so no entry changes its rules afterwards. Nothing else may
    post entries meanwhile: the caller keeps the worker out.

    Args:
        archive: Folder in which the documents of published programmes are kept, by their digest.

    Raises:
        InvalidProgram: other rules under a version that was published already; nothing was sent.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``. Run it again when it is mended.
    """
    _keep_document(archive, document, digest)
    _finish_begun(sender, manifest)
    take_over(sender, manifest, archive=archive)
    with reading(sender.engine) as tx:
        in_force = published.read_latest(tx, manifest["network"])
        from_position = published.next_position(tx)
    if in_force is not None and in_force.digest == digest:
        return in_force, False
    if in_force is not None:
        _check_version(document, json.loads(_read_document(archive, in_force.digest)))
    number = 1 if in_force is None else in_force.number + 1
    call = encode_call(artifacts.load("ProgramRegistry").abi, "publish", (digest, from_position))
    sender.execute(
        NewIntent(
            id=f"{_prefix(manifest)}{number}:{to_hex(digest)[2:18]}:{from_position}",
            chain_id=manifest["chain_id"],
            signer=manifest["roles"]["registrar"],
            target=manifest["contracts"]["ProgramRegistry"]["address"],
            calldata=call,
        )
    )
    take_over(sender, manifest, archive=archive)
    with reading(sender.engine) as tx:
        newest = published.read_latest(tx, manifest["network"])
    assert newest is not None, "the publication is final, so the registry has logged it"
    return newest, True


def count_on_chain(rpc: Rpc, manifest: Mapping[str, Any]) -> int:
    """How many programmes the registry has logged. Raises RpcUnavailable."""
    registry = manifest["contracts"]["ProgramRegistry"]["address"]
    answer = rpc.call(registry, encode_call(artifacts.load("ProgramRegistry").abi, "count", ()))
    return int.from_bytes(answer, "big")


def find_in_force(tx: Tx, manifest: Mapping[str, Any], *, on_chain: int) -> bytes | None:
    """The digest of the rules that count now, on chain and in the database alike.

    None before the first publication, and while one is on its way: nobody could say then under which rules an entry is
    made.

    Args:
        on_chain: What ``count_on_chain`` has answered.
    """
    in_force = published.read_latest(tx, manifest["network"])
    known = 0 if in_force is None else in_force.number
    if published.read_begun(tx, _prefix(manifest)) or on_chain != known:
        return None
    return None if in_force is None else in_force.digest


def check_in_force(tx: Tx, manifest: Mapping[str, Any], *, digest: bytes, file: str, seen: bytes | None) -> None:
    """Return if the rules with this digest count, as far as database and the last look at the chain tell.

    Args:
        seen: What ``find_in_force`` answered at that look.

    Raises ProgramNotPublished that says what to do.
    """
    in_force = published.read_latest(tx, manifest["network"])
    if published.read_begun(tx, _prefix(manifest)) or (seen is None and in_force is not None):
        raise errors.ProgramNotPublished(
            "A publication was begun and not finished: run `loyaltychain deploy` to finish it. Until then no entry is "
            "made, since nobody could say under which rules.",
            in_database=0 if in_force is None else in_force.number,
        )
    if in_force is None or in_force.digest != digest:
        raise errors.ProgramNotPublished(
            f"The rules in {file} do not count yet: their hash is not on chain. "
            "Run `loyaltychain deploy` to publish it, or put the published file back.",
            file=to_hex(digest),
            published=None if in_force is None else to_hex(in_force.digest),
        )
    if seen != digest:
        raise errors.ProgramNotPublished(
            f"The rules in {file} were not seen in force on chain yet; they count as soon as the chain answers.",
            file=to_hex(digest),
            seen=None if seen is None else to_hex(seen),
        )


def take_over(sender: Sender, manifest: Mapping[str, Any], *, archive: Path) -> None:
    """Write down the publications that the registry has logged and the database does not know."""
    abi = artifacts.load("ProgramRegistry").abi
    head = sender.rpc.block("latest").number
    registry = manifest["contracts"]["ProgramRegistry"]["address"]
    logs = [log for log in sender.rpc.logs([registry], first=manifest["first_block"], last=head) if has_event(abi, log)]
    with transaction(sender.engine) as tx:
        in_force = published.read_latest(tx, manifest["network"])
        known = 0 if in_force is None else in_force.number
        for log in logs:
            name, facts = decode_log(abi, log)
            if name != "ProgramPublished" or facts["index"] < known:
                continue
            publication = Publication(facts["index"] + 1, bytes(facts["programHash"]), facts["fromPosition"])
            published.insert(
                tx,
                manifest["network"],
                publication,
                document=_read_document(archive, publication.digest),
                block_number=log.block_number,
            )


def _finish_begun(sender: Sender, manifest: Mapping[str, Any]) -> None:
    """Carry to its end whatever publication was begun before, as it was begun: its bytes may be on their way."""
    with reading(sender.engine) as tx:
        begun = published.read_begun(tx, _prefix(manifest))
    for intent in begun:
        sender.execute(intent)


def _check_version(wanted: Mapping[str, Any], in_force: Mapping[str, Any] | None) -> None:
    """Two sets of rules must not go by one version. ``in_force`` is None when only the hash of those rules is known."""
    if in_force is not None and wanted["version"] <= in_force["version"]:
        raise errors.InvalidProgram(
            f"Version {in_force['version']} was published with other rules: raise `version` above it, then run "
            "`loyaltychain deploy` again.",
            version=wanted["version"],
        )


def _prefix(manifest: Mapping[str, Any]) -> str:
    return f"{PREFIX}:{manifest['instance_id'][2:10]}:"


def _keep_document(archive: Path, document: Mapping[str, Any], digest: bytes) -> None:
    file = archive / f"{digest.hex()}.json"
    if not file.exists():
        archive.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_bytes(canonical.encode(dict(document)))
        draft.replace(file)


def _read_document(archive: Path, digest: bytes) -> str:
    """The programme's canonical JSON, or ``null`` when only its hash is known."""
    file = archive / f"{digest.hex()}.json"
    return file.read_text(encoding="utf-8") if file.is_file() else "null"
