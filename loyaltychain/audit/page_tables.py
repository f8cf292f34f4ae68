"""The page's sections of values, each with how to check them: points, settlements, rules, powers, settings."""

from collections.abc import Sequence

from loyaltychain.audit.backfill import Backfill
from loyaltychain.audit.details import BatchLine
from loyaltychain.audit.manifest import ACCESS, LEDGER, PROXIED, REGISTRY, ROLES
from loyaltychain.audit.markup import Markup, join, table, tag
from loyaltychain.audit.page_words import CAP_MEANINGS, LABELS, ROLE_MEANINGS, say_delay, say_time
from loyaltychain.audit.recompute import Recomputed
from loyaltychain.audit.report import Report
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.words import counted

_BATCHES_SHOWN = 60  # the newest; those before them stand in one row


def show_supply(report: Report) -> Markup:
    """The totals, and how much of them nobody can take back."""
    batches = report.details.batches
    issued, burned = sum(batch.issued for batch in batches), sum(batch.burned for batch in batches)
    cards = [
        ("In circulation", f"{report.supply:,}", "points that members own together"),
        ("Issued since the beginning", f"{issued:,}", "points"),
        ("Taken since the beginning", f"{burned:,}", "points redeemed, run out, or taken back"),
        ("Members", f"{report.members:,}", "with points on the chain, now or once"),
        ("Changes", f"{report.updates:,}", f"of balances, in {counted(report.batches, 'settlement')}"),
        ("Receipts", "not looked at" if report.receipts is None else f"{report.receipts:,}",
         "needs the operator's books" if report.receipts is None else "each worked out again"),
    ]  # fmt: skip
    return join(
        tag("dl", *(_show_card(*card) for card in cards), class_="cards"),
        _check(report, LEDGER, "totalSupply()(uint256)", then="answers the points in circulation"),
        tag("p", "Issued less taken is what is in circulation. Both are sums over settlements; what one member got and "
                 "gave within one settlement counts as the difference.", class_="check"),
    )  # fmt: skip


def show_batches(report: Report) -> Markup:
    """The newest batches one by one, those before them as a sum."""
    batches = report.details.batches
    if not batches:
        return tag("p", "Nothing was settled yet.")
    older, newest = batches[:-_BATCHES_SHOWN], batches[-_BATCHES_SHOWN:]
    rows: list[tuple[object, ...]] = [_batch_row(batch) for batch in reversed(newest)]
    if older:
        rows.append(_older_row(older))
    return join(
        tag("p", "The operator settles changes of balances in batches. ", _say_finality(report)),
        _say_disputes(report),
        table(("Settlement", "When", "Changes", "Issued", "Taken", "In circulation", "How firm"), rows,
              numbers=(2, 3, 4, 5)),
        _check_logs(report, LEDGER, batches[-1].block, "shows what was logged of the newest settlement; for another "
                    "one put its block"),
    )  # fmt: skip


def show_programs(report: Report) -> Markup:
    """Which rules counted from when on, and what was awarded for the time before them."""
    details = report.details
    if not details.programs:
        return tag("p", "No rules were published yet.")
    rows: list[tuple[object, ...]] = [
        (_hex(to_hex(each.program_hash)), f"{each.from_position:,}", say_time(each.time), f"{each.block:,}")
        for each in details.programs
    ]
    return join(
        tag("p", "The programme's rules are a file. Its fingerprint was put on the chain before it was used, so that "
                 "nobody can exchange the rules afterwards unseen."),
        table(("Fingerprint of the rules", "From entry", "Published", "Block"), rows, numbers=(1, 3)),
        tag("p", tag("b", "How to check: "), "the SHA-256 of the rules' document, which the operator publishes, is "
            "the fingerprint (", tag("code", "sha256sum FILE"), ").", class_="check"),
        _check(report, REGISTRY, "isPublished(bytes32)(bool)", to_hex(details.programs[-1].program_hash),
               then="answers true"),
        _show_backfill(details.backfill),
    )  # fmt: skip


def show_awards(report: Report) -> Markup:
    """What was worked out anew from rules and export, and what could not be."""
    found = report.recomputed
    if found is None:
        return tag(
            "p",
            "No export was at hand. With the published rules and the operator's pseudonymous export, which has no ids "
            "of members, each award can be worked out again.",
        )
    rows: list[tuple[object, ...]] = [
        ("Awards that were worked out again", f"{found.awards:,}", f"{found.points:,} points, exactly as given"),
        ("Awards that were not", f"{found.other_awards:,}",
         f"{found.other_points:,} points, by the rules that an earlier order or award was kept with"),
        *_grant_rows(found),
        ("Events that gave nothing", f"{found.idle_events:,}", "by the rules, or refused"),
        *((f"Refused: {reason}", f"{number:,}", "the operator's reason") for reason, number in found.refused.items()),
        ("Entries of the books", f"{found.entries:,}", f"walked to {counted(found.batches, 'settlement')} on chain"),
        ("Sealed entries", f"{found.sealed:,}", "told by their fingerprint alone, since their words may name somebody"),
    ]  # fmt: skip
    return join(
        tag("p", "That each award follows from the published rules was worked out; what was bought, and for how much, "
                 "is the operator's word."),
        table(("What", "How many", "Of which"), rows, numbers=(1,)),
        tag("p", tag("b", "How to check: "), "whoever has an export of this fingerprint has the same one: ",
            _hex(found.sha256), class_="check"),
    )  # fmt: skip


def _grant_rows(found: Recomputed) -> list[tuple[object, ...]]:
    """What was held against the programme of what members did; none where there is no such award."""
    if not found.grants:
        return []
    return [
        ("Awards for what members did", f"{found.grants:,}",
         f"{found.grant_points:,} points, {counted(found.badges, 'badge')}: amounts held against the programme"),
        ("Conditions that were not worked out", f"{found.conditions:,}", "they take all that members did"),
    ]  # fmt: skip


def show_roles(report: Report) -> Markup:
    """Who holds which role and how long each waits, and what is announced."""
    details = report.details
    rows: list[tuple[object, ...]] = [
        (
            tag("span", tag("b", line.role), f" ({_role_number(line.role)})"),
            ROLE_MEANINGS.get(line.role, "a role that this program does not know"),
            _hex(line.holder),
            say_delay(line.delay),
        )
        for line in details.roles
    ]  # fmt: skip
    parts = [
        tag("p", "Where the last column has a time, what the role does has to be announced on the chain that long "
                 "before, so that members can see it coming. No role can let holders move or sell points."),
        table(("Role", "What it may do", "Held by", "Waits"), rows),
    ]  # fmt: skip
    if details.roles:
        first = details.roles[0]
        then = "answers true and the wait in seconds for the first line; for another one put its number and holder"
        asked = "hasRole(uint64,address)(bool,uint32)"
        parts.append(_check(report, ACCESS, asked, _role_number(first.role), first.holder, then=then))
    parts.append(tag("h3", "Announced, and not done yet"))
    announced: list[tuple[object, ...]] = [
        (say_time(each.due), f"{each.block:,}", _hex(each.caller), _hex(each.target), _hex(to_hex(each.selector)))
        for each in details.scheduled
    ]
    heads = ("Can be done from", "Announced in block", "By", "At the contract", "Function")
    parts.append(table(heads, announced, numbers=(1,)) if announced else tag("p", "Nothing."))
    return join(*parts)


def show_settings(report: Report) -> Markup:
    """The limits in force, and all that was ever changed."""
    details = report.details
    caps: list[tuple[object, ...]] = [
        (CAP_MEANINGS.get(name, name), f"{cap:,}", tag("code", name)) for name, cap in details.caps.items()
    ]
    history: list[tuple[object, ...]] = [
        (say_time(each.time), f"{each.block:,}", f"{each.what}: {each.subject}", _hex(each.before), _hex(each.after))
        for each in details.history
    ]
    return join(
        table(("Limit", "In force", "Name"), caps, numbers=(1,)),
        _check(report, LEDGER, "caps()(uint48,uint48,uint48,uint48,uint32,uint64)",
               then="answers them, in this order"),
        tag("h3", "All changes since the beginning"),
        table(("When", "Block", "What", "Before", "After"), history, numbers=(1,)) if history else tag("p", "None."),
        _check_logs(report, _contract_of(details.history[-1].subject), details.history[-1].block,
                    "shows the log of the last change; for another one put its block") if history else "",
    )  # fmt: skip


def show_limits(limits: Sequence[str]) -> Markup:
    """What an audit cannot know, as a list."""
    return tag("ul", *(tag("li", limit) for limit in limits))


def _show_card(name: str, value: str, note: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value, class_="value"), tag("dd", note, class_="quiet small"),
               class_="card")  # fmt: skip


def _batch_row(batch: BatchLine) -> tuple[object, ...]:
    when = tag("span", say_time(batch.time), tag("br"), tag("span", f"block {batch.block:,}", class_="quiet small"))
    return (f"{batch.batch_id:,}", when, f"{batch.updates:,}", f"{batch.issued:,}", f"{batch.burned:,}",
            f"{batch.supply:,}", LABELS.get(batch.label, batch.label))  # fmt: skip


def _older_row(older: Sequence[BatchLine]) -> tuple[object, ...]:
    labels = sorted({batch.label for batch in older})
    return (
        f"{older[0].batch_id:,} to {older[-1].batch_id:,}",
        f"{say_time(older[0].time)} to {say_time(older[-1].time)}",
        f"{sum(batch.updates for batch in older):,}",
        f"{sum(batch.issued for batch in older):,}",
        f"{sum(batch.burned for batch in older):,}",
        f"{older[-1].supply:,}",
        "; ".join(LABELS.get(label, label) for label in labels),
    )


def _role_number(role: str) -> str:
    return str(ROLES.get(role, role.removeprefix("role ")))


def _contract_of(subject: str) -> str:
    """Which contract logs a change: the one that it names, else the ledger, whose cap it is."""
    return subject if subject in PROXIED else LEDGER


def _say_finality(report: Report) -> str:
    heads = report.details.heads
    if heads is None:
        return "How firm each one is cannot be told: the file does not say how far the chain stood."
    told = "" if heads.source == "node" else " That is the word of whoever made the file of logs."
    until = "no block yet" if heads.final is None else f"block {heads.final:,}"
    return f"What is final the chain will not take back: up to {until}, by {heads.by}.{told}"


def _say_disputes(report: Report) -> Markup | str:
    if report.mode != "root" and not report.voided:
        return ""
    voided = f"{counted(report.voided, 'settlement was', 'settlements were')} taken back as false."
    if report.pending is None:
        return tag("p", f"Settlements can be disputed for a while; how many still can, only a node tells. {voided}")
    still = f"{counted(report.pending, 'settlement can', 'settlements can')} still be disputed"
    return tag("p", f"Whoever shows that a settlement is false can have it taken back for a while: {still}; {voided}")


def _show_backfill(lines: tuple[Backfill, ...] | None) -> Markup:
    head = tag("h3", "Awards for the time before the rules were published")
    if lines is None:
        return join(head, tag("p", "Nobody could tell: that needs the operator's books and the times of blocks."))
    if not lines:
        return join(head, tag("p", "None."))
    rows: list[tuple[object, ...]] = [
        (f"{line.entries:,}", f"{line.points:,}", f"{say_time(line.first)} to {say_time(line.last)}",
         say_time(line.published_at), _hex(to_hex(line.program_hash)))
        for line in lines
    ]  # fmt: skip
    heads = ("Awards", "Points", "For events of", "Rules published", "Fingerprint")
    note = "Allowed, and worth knowing: members could not read these rules when the events happened."
    return join(head, tag("p", note), table(heads, rows, numbers=(0, 1)))


def _check(report: Report, contract: str, function: str, *arguments: str, then: str) -> Markup:
    """How to ask the chain for a value, at the block of the report."""
    address = report.details.contracts.get(contract)
    if address is None:
        return Markup()
    given = "".join(f" {argument}" for argument in arguments)
    command = f'cast call {address} "{function}"{given} --block {report.pin.number} --rpc-url NODE'
    return tag("p", tag("b", "How to check: "), tag("code", command), f" {then}.", class_="check")


def _check_logs(report: Report, contract: str, block: int, then: str) -> Markup:
    address = report.details.contracts.get(contract)
    if address is None:
        return Markup()
    command = f"cast logs --address {address} --from-block {block} --to-block {block} --rpc-url NODE"
    return tag("p", tag("b", "How to check: "), tag("code", command), f" {then}.", class_="check")


def _hex(value: str) -> Markup:
    return tag("span", value, class_="hex")
