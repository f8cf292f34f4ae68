"""``status``: how far things are."""

from typing import Any

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json
from loyaltychain.core.words import counted
from loyaltychain.status import read_status


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("status")(status)


def status(home: Home = HERE, as_json: AsJson = False) -> None:
    """How far things are: events, ledger, batches, chain."""
    with speaking(as_json):
        facts = read_status(project_at(home))
        if as_json:
            print_json(facts)
            return
        print_facts(f"Project {facts['home']}", {
            "network": f"{facts['network']}: {_chain_in_words(facts['chain'])}",
            "contracts": facts["ledger_contract"] or "not deployed: loyaltychain deploy",
            "rules": facts["rules"],
            "members": facts["members"],
            "events": f"{facts['events']}, {facts['events_waiting']} of them waiting for `loyaltychain run`",
            "ledger": f"{counted(facts['entries'], 'entry', 'entries')}, "
                      f"{counted(facts['points_outstanding'], 'point')} outstanding, "
                      f"{facts['points_accrued']:,} of them accrued (decided, not settled yet)",
            **_worker_in_words(facts),
            "batches": ", ".join(f"{count} {state}" for state, count in facts["batches"].items()) or "none",
            **({"on chain": _on_chain_in_words(facts["on_chain"])} if facts["on_chain"] else {}),
            **({"challengeable": _challengeable_in_words(facts["challengeable"])} if facts["challengeable"] else {}),
            **({"waiting for": facts["waiting_for"]} if facts["waiting_for"] else {}),
        })  # fmt: skip


def _on_chain_in_words(ledger: dict[str, Any]) -> str:
    paused = "PAUSED, nothing settles until `loyaltychain unpause`; " if ledger["paused"] else ""
    return f"{paused}{ledger['mode']} mode, last batch {ledger['last_batch']}"


def _challengeable_in_words(pending: dict[str, Any]) -> str:
    first, last = pending["from"], pending["to"]
    which = f"batch {first}" if first == last else f"batches {first} to {last}"
    last_one = "" if first == last else "the last of them "
    return f"{which} can still be voided, {last_one}until {pending['until']}: loyaltychain watch"


def _chain_in_words(chain: dict[str, Any]) -> str:
    head = f"answers, at block {chain['block']}" if chain["running"] else f"{chain['reason']} {chain['hint']}".strip()
    troubled = [f"{node['name']} is {node['state']}: {node['reason']}" for node in chain["nodes"] if node["reason"]]
    return "; ".join([head, *troubled])


def _worker_in_words(facts: dict[str, Any]) -> dict[str, str]:
    worker, ages = facts["worker"], facts["ages"]
    if worker is None:
        return {}
    shown = {
        "worker": f"seen {_age_in_words(ages['worker_seen_seconds'])} ago",
        "deciding": _half_in_words(worker["deciding"]),
        "settling": _half_in_words(worker["settling"]),
    }
    for name, words in (
        ("oldest_unsettled_seconds", "oldest unsettled entry"),
        ("newest_final_seconds", "last final batch"),
        ("chain_head_seconds", "chain's newest block"),
    ):
        if ages[name] is not None:
            shown[words] = f"{_age_in_words(ages[name])} old"
    return shown | ({"ALARMS": ", ".join(facts["alarms"])} if facts["alarms"] else {})


def _half_in_words(half: dict[str, Any]) -> str:
    if half["reason"] is None:
        return str(half["state"])
    mend = "; when that is mended: loyaltychain worker --retry" if half["state"] == "halted" else ""
    return f"{half['state'].upper()} since {half['since']}: {half['reason']}{mend}"


def _age_in_words(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"
