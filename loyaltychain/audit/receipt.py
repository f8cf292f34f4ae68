"""A member's receipt, checked by anybody: from the file alone, and against the chain when there is a node."""

from collections.abc import Mapping
from dataclasses import dataclass

from loyaltychain.audit.headers import Header, hash_header
from loyaltychain.audit.log_shapes import Fact, read_log
from loyaltychain.audit.manifest import LEDGER, parse_manifest
from loyaltychain.audit.postings import fold_changes
from loyaltychain.audit.receipt_form import ReceiptForm, parse_receipt
from loyaltychain.audit.receipt_tree import Leaf, climb, hash_leaf
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import canonical
from loyaltychain.core.errors import InvalidReceipt, Reverted
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.times import format_instant


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a receipt proves what it says, and why."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)


def verify_receipt(
    document: Mapping[str, object], rpc: Rpc | None = None, *, manifest_document: Mapping[str, object] | None = None
) -> Verdict:
    """Whether the receipt's entry is in its batch, and the batch on its chain.

    Without a node the file proves itself alone: that the batch stands on chain is then not shown. Without a
    manifest nothing says that the receipt's contract is the programme's.

    Args:
        document: The receipt file, as JSON has it.
        rpc: A node of the receipt's chain.
        manifest_document: The programme's manifest, from where its contract's address is known.

    Raises:
        InvalidReceipt: the document has not a receipt's form; names the field.
        RpcUnavailable: the node did not answer.
    """
    form = parse_receipt(document)
    checks = [_check_entry(document), _check_amount(form), _check_program(form), _check_proof(form), _check_hash(form)]
    if manifest_document is not None:
        checks.append(_check_deployment(form, manifest_document))
    if rpc is not None:
        checks += _check_chain(form, rpc)
    return Verdict(tuple(checks))


def _equal(name: str, *, expected: object, actual: object) -> Check:
    detail = f"{actual}" if expected == actual else f"expected {expected}, got {actual}"
    return Check(name, expected == actual, detail)


def _check_entry(document: Mapping[str, object]) -> Check:
    try:
        digest = to_hex(canonical.digest(document["entry"]))
    except ValueError as error:  # text that is no Unicode, for one
        raise InvalidReceipt("This file is not a receipt.", field="entry", reason=str(error)) from error
    return _equal("entry digest", expected=digest, actual=document["entry_digest"])


def _check_amount(form: ReceiptForm) -> Check:
    postings = [posting.model_dump() for posting in form.entry.postings]
    change = fold_changes(postings, unit=form.unit).get(form.member, 0)
    return _equal("amount", expected=change or "a change of the member's balance", actual=form.amount)


def _check_program(form: ReceiptForm) -> Check:
    if form.entry.program is None:
        return Check("rules", True, "made under no rules")
    return _equal("rules", expected=form.batch.programHash, actual=form.entry.program)


def _check_proof(form: ReceiptForm) -> Check:
    leaf = Leaf(
        chain_id=form.chain_id,
        ledger=form.ledger,
        batch_id=form.batch.batchId,
        index=form.index,
        member=form.member,
        unit=form.unit,
        amount=form.amount,
        entry_digest=from_hex(form.entry_digest),
        salt=from_hex(form.salt),
    )
    root = climb(hash_leaf(leaf), [from_hex(sibling) for sibling in form.proof])
    return _equal("proof", expected=form.batch.receiptRoot, actual=to_hex(root))


def _check_hash(form: ReceiptForm) -> Check:
    batch = form.batch
    header = Header(
        batch_id=batch.batchId,
        prev_hash=from_hex(batch.prevHash),
        balance_root=from_hex(batch.balanceRoot),
        receipt_root=from_hex(batch.receiptRoot),
        ledger_head=from_hex(batch.ledgerHead),
        program_hash=from_hex(batch.programHash),
        data_hash=from_hex(batch.dataHash),
        time=batch.time,
        updates=batch.updates,
        issued=batch.issued,
        burned=batch.burned,
        supply=batch.supply,
    )
    computed = to_hex(hash_header(header, chain_id=form.chain_id, ledger=form.ledger))
    return _equal("batch hash", expected=computed, actual=batch.batchHash)


def _check_deployment(form: ReceiptForm, manifest_document: Mapping[str, object]) -> Check:
    manifest = parse_manifest(manifest_document)
    return _equal(
        "programme",
        expected=f"{manifest.network}, chain {manifest.chain_id}, {manifest.addresses[LEDGER]}",
        actual=f"{form.network}, chain {form.chain_id}, {form.ledger.lower()}",
    )


def _check_chain(form: ReceiptForm, rpc: Rpc) -> list[Check]:
    chain = _equal("chain", expected=rpc.chain_id(), actual=form.chain_id)
    if not chain.ok:
        return [chain]
    head = rpc.block("latest")
    ledger = View(rpc, form.ledger.lower(), block=head.number)
    found = _find_batch_hash(form, rpc, ledger)
    on_chain = _equal("batch on chain", expected=found, actual=form.batch.batchHash)
    return [chain, on_chain, *([_check_finality(form, ledger, now=head.timestamp)] if on_chain.ok else [])]


def _find_batch_hash(form: ReceiptForm, rpc: Rpc, ledger: View) -> str:
    """The batch's hash as the contract keeps it, else as it was logged, else the word "nothing".

    For a void batch it is the hash of the last good one before it, or the word "void".
    """
    if not ledger.code():
        return "nothing"
    try:
        return to_hex(ledger.word("batchHashOf(uint32)", form.batch.batchId))
    except Reverted:  # the contract keeps the newest ones only
        logs = [read_log(log) for log in rpc.logs([ledger.address], first=0, last=ledger.block)]
    facts = [fact for fact in logs if isinstance(fact, Fact)]
    hashes = [
        to_hex(fact.octets["hash"])
        for fact in facts
        if fact.name == "BatchSettled" and fact.numbers["id"] == form.batch.batchId
    ]
    voids = [fact.numbers for fact in facts if fact.name == "BatchVoided"]
    if any(void["from"] <= form.batch.batchId <= void["to"] for void in voids):
        return "void"
    return hashes[-1] if hashes else "nothing"


def _check_finality(form: ReceiptForm, ledger: View, *, now: int) -> Check:
    """Says whether the batch can still be voided. That it can is no fault."""
    window = ledger.number("challengeWindow()")
    try:
        final_at = ledger.number("settledAt(uint32)", form.batch.batchId) + window
    except Reverted:  # only what is final leaves the history
        return Check("finality", True, "final")
    if final_at <= now:
        return Check("finality", True, "final")
    return Check("finality", True, f"pending: the batch can be challenged until {format_instant(final_at)}")
