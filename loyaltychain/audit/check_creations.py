"""How the contracts were created: by the published creation code, with the manifest's arguments, not before its logs.

Code at an address says what runs, not what ran first: a constructor of one's own can write any state, log what looks
honest and leave the genuine code behind. The transaction that created a contract shows it.
"""

from collections.abc import Sequence

from loyaltychain.audit.check_code import Releases, hash_code
from loyaltychain.audit.creations import Creation
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.history import read_old_code, report_no_history
from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Receipt, Rpc, Transaction
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.core.hashing import keccak256, to_hex


def check_creations(
    rpc: Rpc, creations: Sequence[Creation], *, first_block: int, block: int, releases: Releases
) -> list[Finding]:
    """Contracts that were created otherwise than the manifest says, or before the block from which logs are read."""
    found = []
    for creation in creations:
        try:
            transaction, receipt = rpc.transaction(creation.tx_hash), rpc.receipt(creation.tx_hash)
        except RpcUnavailable as error:
            found.append(report_no_history(f"the creation of {_say(creation)}", error, block=block))
            transaction, receipt = None, None
        else:
            found += _check_creation(rpc, creation, transaction, receipt, block=block, releases=releases)
        if creation.logs:
            found += _check_first_block(rpc, creation, receipt, first_block=first_block)
    return found


def _check_creation(
    rpc: Rpc,
    creation: Creation,
    transaction: Transaction | None,
    receipt: Receipt | None,
    *,
    block: int,
    releases: Releases,
) -> list[Finding]:
    seen = block if receipt is None else receipt.block_number
    created = _say_created(transaction, receipt)
    found = differences("creation-foreign", _say(creation), expected=creation.address, actual=created, block=seen)
    if found or transaction is None:
        return found
    artifact = artifacts.load(creation.contract)
    expected = keccak256(artifact.creation_code + creation.arguments)
    actual = keccak256(transaction.input)
    if actual == expected:
        return []
    runs = hash_code(rpc.code(creation.address, block=block), address=creation.address)
    if runs != artifact.code_hash and runs in releases[creation.contract]:
        subject, release = _say(creation), "the creation code of an older release"
        return [make_finding("creation-unchecked", subject, expected=release, actual=actual, block=seen)]
    return [make_finding("creation-foreign", _say(creation), expected=expected, actual=actual, block=seen)]


def _say_created(transaction: Transaction | None, receipt: Receipt | None) -> str | None:
    """The address that the transaction created, or what it did instead; None when there is no such transaction."""
    if transaction is None or receipt is None:
        return None
    if transaction.target is not None:
        return f"a call of {transaction.target}"
    return receipt.contract_address if receipt.status == 1 else "a creation that failed"


def _check_first_block(rpc: Rpc, creation: Creation, receipt: Receipt | None, *, first_block: int) -> list[Finding]:
    """Whether something may have been logged before ``first_block``: by the creation's own block, and by the state."""
    if receipt is not None and receipt.block_number < first_block:
        created = receipt.block_number
        at_most = f"at most {created}"
        return [make_finding("first-block", _say(creation), expected=at_most, actual=first_block, block=created)]
    before = first_block - 1
    if before < 0:
        return []
    code = read_old_code(rpc, creation.address, block=before, subject=f"{_say(creation)} before the first block")
    if isinstance(code, Finding):
        return [code]
    actual = f"{len(code)} bytes of code: {to_hex(keccak256(code))}" if code else None
    return differences("first-block", _say(creation), expected=None, actual=actual, block=before)


def _say(creation: Creation) -> str:
    return f"{creation.name} at {creation.address}"
