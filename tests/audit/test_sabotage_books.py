"""run_audit, given a programme whose database was edited behind its back

given one edit of one row
└── it finds exactly that, with the consequences spelled out here
given an edit that is allowed
└── it finds nothing                                             (a receipt key destroyed: a member was erased)
"""

from pathlib import Path

import pytest

from tests.audit.forgery import forge_amount
from tests.audit.scenario import Scenario

H = "'0x" + "66" * 32 + "'"
REDEEM = "id = 'redeem:shop/R-1'"

EDITS = [
    # the ledger
    ("UPDATE entries SET rule = 'other' WHERE id = 'earn:shop/S-4:spend'", ["entry-digest"]),
    (
        f"UPDATE entries SET digest = {H} WHERE id = 'earn:shop/S-4:spend'",
        ["entry-digest", "entry-chain", "receipt-digest"],
    ),
    ("UPDATE entries SET recorded_at = 1 WHERE id = 'earn:shop/S-4:spend'", ["entry-chain"]),
    ("UPDATE entries SET occurred_at = 9007199254740993 WHERE id = 'earn:shop/S-4:spend'", ["entry-digest"]),
    (
        "UPDATE entries SET cause = 'shop/S-3' WHERE id = 'earn:shop/S-4:spend'",
        ["entry-digest", "outcome-entry", "entry-without-event"],
    ),
    (
        f"UPDATE entries SET program = {H} WHERE id = 'earn:shop/S-4:spend'",
        ["entry-digest", "entry-program", "batch-program"],
    ),
    ("UPDATE entries SET head = 'none' WHERE position = 3", ["entry-chain"]),
    (f"UPDATE entries SET head = {H} WHERE position = 5", ["entry-chain", "ledger-head"]),
    (
        "UPDATE entries SET position = 6 WHERE position = 5",
        ["entry-position", "entry-chain", "batch-positions", "ledger-head", "batch-delta", "receipt-extra"],
    ),
    (
        "DELETE FROM entries WHERE id = 'redeem:shop/R-1'",
        ["entry-position", "entry-chain", "batch-delta", "receipt-extra", "outcome-entry", "volume"],
    ),
    (f"UPDATE entries SET postings = '[]' WHERE {REDEEM}", ["entry-empty", "batch-delta", "receipt-extra", "volume"]),
    (
        f"UPDATE entries SET postings = replace(postings, '100', '101') WHERE {REDEEM}",
        ["entry-digest", "batch-delta", "receipt-amount", "volume"],
    ),
    (
        f"UPDATE entries SET postings = replace(postings, '100', '1000') WHERE {REDEEM}",
        ["entry-digest", "batch-delta", "receipt-amount", "account-overdrawn", "volume"],
    ),
    ("UPDATE volumes SET total_in = total_in + 1 WHERE account = 'member:1:available'", ["volume"]),
    ("DELETE FROM volumes WHERE account = 'program:redeemed'", ["volume"]),
    # batches
    *((f"UPDATE batches SET {column} = {H} WHERE id = 1", ["batch-row"]) for column in (
        "prev_hash", "balance_root", "receipt_root", "ledger_head", "program_hash", "data_hash", "batch_hash")),
    *((f"UPDATE batches SET {column} = 7 WHERE id = 2", ["batch-row"]) for column in ("time", "updates", "burned")),
    ("UPDATE batches SET issued = 8 WHERE id = 2", ["batch-row"]),
    ("UPDATE batches SET data = '0x0101000c010191' WHERE id = 1", ["batch-row"]),
    ("UPDATE batches SET from_position = 4 WHERE id = 2", ["batch-positions"]),
    (
        "UPDATE batches SET to_position = 4 WHERE id = 2",
        ["ledger-head", "batch-delta", "receipt-extra"],
    ),
    ("UPDATE batches SET to_position = 6 WHERE id = 2", ["batch-positions"]),
    ("DELETE FROM batches WHERE id = 2", ["batch-unknown"]),
    ("UPDATE batch_updates SET delta = 13 WHERE batch = 1 AND member = 1", ["update-row"]),
    ("DELETE FROM batch_updates WHERE batch = 1 AND member = 1", ["update-row"]),
    # receipts
    ("UPDATE receipts SET amount = 13 WHERE batch = 1 AND member = 1", ["receipt-amount", "receipt-leaf"]),
    (f"UPDATE receipts SET leaf = {H} WHERE batch = 1 AND member = 1", ["receipt-leaf", "receipt-root"]),
    (f"UPDATE receipts SET salt = {H} WHERE batch = 1 AND member = 1", ["receipt-leaf", "receipt-salt"]),
    (
        f"UPDATE receipts SET entry_digest = {H} WHERE batch = 1 AND member = 1",
        ["receipt-digest", "receipt-leaf", "receipt-salt"],
    ),
    (
        "UPDATE receipts SET member = 3 WHERE batch = 1 AND member = 1",
        ["receipt-missing", "receipt-extra", "receipt-leaf"],
    ),
    ('UPDATE receipts SET "index" = 9 WHERE batch = 2 AND "index" = 2', ["receipt-order", "receipt-leaf"]),
    ('UPDATE receipts SET "index" = -1 WHERE batch = 2 AND "index" = 2', ["receipt-order", "receipt-leaf"]),
    ("DELETE FROM receipts WHERE batch = 1 AND member = 1", ["receipt-missing", "receipt-root"]),
    (f"UPDATE receipt_keys SET key = {H} WHERE member = 1", ["receipt-salt"]),
    ("DELETE FROM receipt_keys WHERE member = 1", []),
    # events
    ("UPDATE events SET payload = '{\"amount\":1251,\"currency\":\"GBP\"}' WHERE id = 'S-1'", ["event-digest"]),
    ("UPDATE events SET payload = 'none' WHERE id = 'S-1'", ["event-digest"]),
    (f"UPDATE events SET digest = {H} WHERE id = 'S-3'", ["event-digest"]),
    ("UPDATE events SET received_at = 1 WHERE id = 'S-3'", []),
    ("UPDATE events SET member = 99 WHERE id = 'S-3'", ["event-digest"]),
    ("DELETE FROM events WHERE id = 'S-3'", ["event-position", "outcome-without-event"]),
    (
        "DELETE FROM events WHERE position = (SELECT MAX(position) FROM events)",
        ["outcome-without-event", "entry-without-event"],
    ),
    ("UPDATE outcomes SET entry_id = 'earn:shop/S-2:spend' WHERE position = 1", ["outcome-entry"]),
    ("UPDATE outcomes SET entry_id = NULL WHERE position = 1", ["outcome-entry"]),
    ("UPDATE outcomes SET outcome = 'nothing' WHERE position = 1", ["outcome-entry", "entry-without-event"]),
    ("DELETE FROM outcomes WHERE position = 1", ["outcome-missing", "entry-without-event"]),
    ("DELETE FROM outcomes WHERE position = 3", ["outcome-missing"]),
    # what the database remembers of the chain
    ("DELETE FROM publications", ["publication-row"]),
    (f"UPDATE publications SET digest = {H}", ["publication-row"]),
    ("UPDATE publications SET document = document || ' '", ["publication-row"]),
    ("UPDATE publications SET from_position = 2", ["publication-row"]),
    (f"UPDATE deployments SET instance_id = {H}", ["deployment-row"]),
    ("UPDATE deployments SET chain_id = 1", ["deployment-row"]),
    ("DELETE FROM deployments", ["deployment-row"]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "codes"), EDITS)
def test_run_audit__one_row_edited__finds_exactly_that(
    scenario: Scenario, exported_logs: Path, statement: str, codes: list[str]
) -> None:
    scenario.edit(statement)

    assert sorted(scenario.codes(rpc=None, logs=exported_logs)) == sorted(codes)


def test_run_audit__a_history_rewritten_to_its_end__is_betrayed_by_the_chain(scenario: Scenario) -> None:
    """The owner of the database changes an amount everywhere and recomputes all that she can."""
    forge_amount(scenario, "earn:shop/S-2:spend", 4000)

    assert sorted(scenario.codes()) == ["batch-delta", "ledger-head", "receipt-root"]
