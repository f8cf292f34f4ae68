"""What stands on chain: batches, receipts, proofs of balances, the programme. All of it read from the database."""

from fastapi import APIRouter

from loyaltychain.api import answers, chain_answers, store, views
from loyaltychain.api.context import Context
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import BatchNumber, Here, Index, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.settlement.balance_tree import prove
from loyaltychain.settlement.receipts import batch_document, show_receipt
from loyaltychain.settlement.store import read_batch, settled_balances
from loyaltychain.settlement.tables import receipts
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import LANES, pack

router = APIRouter(tags=["chain"])


@router.get("/v1/receipts/{batch}/{index}")
def get_receipt(batch: BatchNumber, index: Index, context: Here) -> dict[str, object]:
    """A receipt as a member keeps it: `loyaltychain receipt verify` and any standard-v1 Merkle library check it."""
    deployment = context.deployment()
    with reading(context.engine) as tx:
        return show_receipt(tx, deployment, place=(batch, index))


@router.get("/v1/members/{member_id:path}/receipts")
def get_receipts(member_id: PathId, context: Here, page: Paged) -> answers.Receipts:
    """Where a member's receipts are, newest first."""
    with reading(context.engine) as tx:
        condition = receipts.c.member == find_member(tx, member_id)
        begin = page.begin(tx, int, int)
        if begin is not None:
            batch, index = begin
            condition &= (receipts.c.batch < batch) | ((receipts.c.batch == batch) & (receipts.c.index < index))
        found = store.receipts_of(tx, condition, page.wanted)
        shown = page.end(tx, found, lambda row: (row.batch, row.place))
        places = views.show_places(shown.rows)
        return answers.Receipts(receipts=places, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.get("/v1/batches")
def get_batches(context: Here, page: Paged) -> chain_answers.Batches:
    """All batches, newest first."""
    with reading(context.engine) as tx:
        begin = page.begin(tx, int)
        numbers = store.batch_ids(tx, None if begin is None else int(begin[0]), page.wanted)
        shown = page.end(tx, numbers, lambda number: (number,))
        batches = [_show(tx, _read(tx, number)) for number in shown.rows]
    return chain_answers.Batches(batches=batches, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.get("/v1/batches/{batch}")
def get_batch(batch: BatchNumber, context: Here) -> chain_answers.Batch:
    """A batch: its header, its state, and the transaction that carries it."""
    with reading(context.engine) as tx:
        return _show(tx, _read(tx, batch))


@router.get("/v1/batches/{batch}/proof/{member_id:path}")
def get_proof(batch: BatchNumber, member_id: PathId, context: Here) -> chain_answers.BalanceProof:
    """What the member owned after a batch, and the proof of it under the balance root of the batch's header."""
    deployment = context.deployment()
    with reading(context.engine) as tx:
        member, found = find_member(tx, member_id), _read(tx, batch)
        balances = settled_balances(tx, batch)
    words, index = pack(balances), member // LANES
    return chain_answers.BalanceProof(
        network=deployment.network,
        chain_id=deployment.chain_id,
        ledger=deployment.ledger,
        batch=batch_document(found),
        member=member,
        balance=balances.get(member, 0),
        word_index=index,
        word=to_hex(words.get(index, 0).to_bytes(32, "big")),
        siblings=[to_hex(sibling) for sibling in prove(words, index)],
    )


@router.get("/v1/program")
def get_program(context: Here) -> chain_answers.Program:
    """The programme file as it is hashed, and which programme counts by what was published last."""
    program = context.program()
    return chain_answers.Program(digest=to_hex(program.digest), document=program.document, in_force=_in_force(context))


def _in_force(context: Context) -> chain_answers.InForce | None:
    with reading(context.engine) as tx:
        row = store.publication(tx, context.network)
    return None if row is None else chain_answers.InForce(digest=row.digest, from_position=row.from_position)


def _read(tx: Tx, number: int) -> Batch:
    found = read_batch(tx, number)
    if found is None:
        raise Problem("unknown-batch", f"No batch {number} was sealed yet.")
    return found


def _show(tx: Tx, batch: Batch) -> chain_answers.Batch:
    number = batch.header.batch_id
    hashes = store.transactions_of(tx, number)
    return chain_answers.Batch(
        id=number, state=batch.state, header=batch_document(batch), tx_hash=hashes[0] if hashes else None
    )
