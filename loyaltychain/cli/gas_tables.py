"""``bench gas`` for people: targets first, then a table a unit, then what the figures leave out."""

import re
from collections.abc import Iterable, Sequence

from loyaltychain.bench.gas import TRANSACTION_GAS_MOST
from loyaltychain.bench.gas_baselines import A_TRANSACTION
from loyaltychain.bench.gas_frauds import RETRACE_GAS
from loyaltychain.bench.gas_proofs import MEMBERS
from loyaltychain.bench.gas_targets import judge
from loyaltychain.bench.report import Result
from loyaltychain.cli.output import make_table, stdout

_BATCH = re.compile(r"(?P<design>(?:rice|records|push)\.\w+)\.(?P<size>\d+)(?P<part>\.\w+)?")
_TOKEN = re.compile(r"(?P<design>oz_mint|\w+_loop)\.(?P<part>first|repeat)\.(?P<size>\d+)(?P<billed>\.billed)?")
_PARTS = {
    "repeat": "Gas a member's update, balances written before",
    "debits": "The same, a tenth of the updates debits",
    "first": "Gas a member's update, balances zero before",
    "payload": "Bytes a member's update: the batch's data",
    "billed": "Bytes a member's update that an OP Stack rollup bills for layer 1 (Fjord's estimate)",
}

# A line a note.
_NOTES = """
Members and points are SIMULATED, the same in every run. 20pct: a fifth of the members is in the batch, newer ones \
more often; dense or 100pct: all are.
x: how many times less than oz_loop, at the largest size in the row; below 1, more.
Whole transactions (21,000, calldata, execution) by Prague's rules, with the floor of 40 gas a byte of calldata \
(EIP-7623); only the block's limit is raised. All contracts are compiled alike.
rice and records are root mode: a batch stands as its root and its logged data, final after the challenge window; \
stored balances follow by sync. push writes every balance in the batch's own transaction.
batch.fixed is an empty batch in root mode, every slot written before. Every 64th batch leaves a checkpoint and costs \
{checkpoint:,} gas more.
Root mode writes no balances, so they may be zero before or not: what differs is a byte or two of the header. \
votes_loop delegates each member to herself by her first points.
Loops over more than {loop:,} members are sums of transactions of {loop:,}.
challenge shows one word and needs the false batch's own tree. retrace needs nothing but the logs, in as many calls \
as keep each below {retrace:,} gas. The programme has five times as many members as the batch has updates.
sync, sync_range (members in its name), balance_proof: {members:,} members and proofs without a zero sibling. \
pending: a later batch is, so that its header is shown too.
Above {most:,} gas in one transaction, which chains with EIP-7825 refuse: {large}.
"""

Cells = dict[tuple[str, int], Result]  # by design and updates of the batch


def print_gas(results: Sequence[Result]) -> None:
    """All figures as tables, and the notes without which they would mislead."""
    _print_targets(results)
    parts = _sort(results)
    for part, title in _PARTS.items():
        _print_matrix(title, parts[part])
    _print_single([result for result in results if result.unit in ("gas", "calls")])
    for note in _notes(results):
        stdout.print(f"- {note}", highlight=False)


def _print_targets(results: Sequence[Result]) -> None:
    table = make_table(["target"], ["value", "at most", "", ""])
    for verdict in judge(results):
        word = "met" if verdict.is_met else "MISSED"
        distance = f"{abs(verdict.over)} % {'above' if verdict.over > 0 else 'below'}"
        table.add_row(verdict.result.name, _figure(verdict.result.value), f"{verdict.most:,}", word, distance)
    _print("Targets", table)


def _sort(results: Iterable[Result]) -> dict[str, Cells]:
    """The figures a member's update, by what they say."""
    parts: dict[str, Cells] = {part: {} for part in _PARTS}
    for result in results:
        if found := _BATCH.fullmatch(result.name):
            part = (found["part"] or ".repeat").removeprefix(".")
        elif found := _TOKEN.fullmatch(result.name):
            part = "billed" if found["billed"] else found["part"]
        else:
            continue
        parts[part][found["design"], int(found["size"])] = result
    return parts


def _print_matrix(title: str, cells: Cells) -> None:
    designs = list(dict.fromkeys(design for design, _ in cells))
    sizes = sorted({size for _, size in cells})
    table = make_table(["updates a batch"], [*(f"{size:,}" for size in sizes), "x"])
    for design in designs:
        row = [cells.get((design, size)) for size in sizes]
        ratio = next((result.ratio for result in reversed(row) if result), None)
        values = ["" if result is None else _figure(result.value) for result in row]
        table.add_row(design, *values, "" if ratio is None else f"{ratio:,.1f}")
    _print(title, table)


def _print_single(results: Sequence[Result]) -> None:
    table = make_table(["one operation"], ["gas"])
    for result in results:
        table.add_row(result.name, _figure(result.value) + (" calls" if result.unit == "calls" else ""))
    _print("Single operations", table)


def _notes(results: Sequence[Result]) -> list[str]:
    value = {result.name: result.value for result in results}
    facts = {
        "checkpoint": int(value["batch.fixed.checkpoint"] - value["batch.fixed"]),
        "loop": A_TRANSACTION,
        "retrace": RETRACE_GAS,
        "members": MEMBERS,
        "most": TRANSACTION_GAS_MOST,
        "large": ", ".join(result.name for result in results if _transaction_gas(result) > TRANSACTION_GAS_MOST),
    }
    return [line.format(**facts) for line in _NOTES.strip().splitlines()]


def _transaction_gas(result: Result) -> float:
    """Gas of the figure's largest transaction; 0 for a figure of something else."""
    if result.unit == "gas/member":
        is_loop = "loop" in result.name
        return result.value * (min(result.n, A_TRANSACTION) if is_loop else result.n)
    is_sum = result.name.startswith("retrace") and not result.name.endswith(".largest")
    return result.value if result.unit == "gas" and not is_sum else 0


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 or isinstance(value, int) else f"{value:.2f}"


def _print(title: str, table: object) -> None:
    stdout.print(f"[bold]{title}[/]", highlight=False)
    stdout.print(table, highlight=False)
    stdout.print()
