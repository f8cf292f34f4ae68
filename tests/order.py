"""In which order the files of tests are handed out to several processes: what takes longest first.

A long file that is handed out last is waited for by everybody. Files that are not named here follow by their number
of tests. A name that is out of date costs time and nothing else.
"""

from collections import Counter
from collections.abc import Sequence

#: Twenty seconds and more alone, longest first.
LONGEST = (
    "e2e/test_four_processes", "deploy/test_deploy", "settlement/test_gas", "simulation/test_real", "e2e/test_worker",
    "upgrades/test_operating", "watch/test_command", "api/test_process", "e2e/test_readme", "worker/test_outage",
    "contracts/test_gas", "api/test_workers", "bench/test_gas", "worker/test_take_over", "e2e/test_programs_page",
    "reports/comparison/test_ground_truth", "deploy/test_verification_input", "crash/test_void_crash",
    "crash/test_conduct_crash", "upgrades/test_rehearsal", "analysis/test_tools", "e2e/test_any_chain",
    "worker/test_stuck", "worker/test_root_mode", "deploy/test_cost", "crash/test_retry_crash",
    "e2e/test_testnet_page", "watch/test_drill", "deploy/test_publish", "worker/test_rotation",
    "concurrency/test_two_folding", "worker/test_loop", "api/test_recipes", "watch/test_run", "worker/test_command",
    "concurrency/test_leader", "edge_cases/test_settlement", "concurrency/test_two_workers", "upgrades/test_upgrade",
    "cli/test_verify", "contracts/test_liars", "watch/test_differences", "chaos/test_play", "concurrency/test_bank",
    "operations/test_online_retail", "events/test_online_retail", "operations/test_order_machine",
    "reports/test_roll_forward", "simulation/test_model", "bench/test_way", "crash/test_settlement_crash",
    "crash/test_sender_crash", "worker/test_settle_every", "demo/test_real_log", "worker/test_two_nodes",
    "worker/test_key_sinks", "cli/test_reconciling", "api/test_schemathesis", "demo/test_database",
    "operations/test_merge_machine", "test_repository",
)  # fmt: skip


def by_length(files: Sequence[str]) -> list[int]:
    """The places of tests, given each one's file (``tests/…/test_….py``), in the order in which they should begin."""
    ranks = {f"tests/{name}.py": rank for rank, name in enumerate(LONGEST)}
    counts = Counter(files)
    return sorted(range(len(files)), key=lambda i: (ranks.get(files[i], len(ranks)), -counts[files[i]], files[i]))
