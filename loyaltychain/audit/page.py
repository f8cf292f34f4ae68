"""The report as one HTML page for people who are no engineers: it stands alone, without script, picture or network.

Shows what the report holds and judges nothing. All that comes from a chain, a manifest or a database is escaped.
"""

from base64 import b64encode
from hashlib import sha256
from importlib import resources

from loyaltychain import __version__
from loyaltychain.audit.findings import CODES, Finding, Severity
from loyaltychain.audit.markup import Markup, join, say, table, tag
from loyaltychain.audit.page_tables import (
    show_awards,
    show_batches,
    show_limits,
    show_programs,
    show_roles,
    show_settings,
    show_supply,
)
from loyaltychain.audit.page_words import SEVERITY_WORDS, TONES, limits, say_place, say_time, verdict
from loyaltychain.audit.questions import QUESTIONS, Answer, Question, answer, count_own, question_of
from loyaltychain.audit.report import Report
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.words import counted

_TONES = {Answer.YES: "good", Answer.REMARKS: "note", Answer.IN_PART: "note", Answer.NO: "bad",
          Answer.NOT_ASKED: "quiet"}  # fmt: skip
_FINDINGS_MAX = 500  # on the page; the JSON has all


def render_page(report: Report, *, made_at: int) -> str:
    """The page, whole. ``made_at`` in unix seconds stands in its head."""
    style = (resources.files("loyaltychain.audit") / "page.css").read_text("utf-8")
    sections = (
        ("answers", "What was asked, and the answers", _show_answers(report)),
        ("found", "What was found", _show_findings(report)),
        ("points", "Points in circulation", show_supply(report)),
        ("settlements", "Settlements", show_batches(report)),
        ("rules", "The rules", show_programs(report)),
        ("awards", "Awards, worked out again", show_awards(report)),
        ("powers", "Who may do what", show_roles(report)),
        ("settings", "Limits and changes", show_settings(report)),
        ("unknown", "What this audit cannot know", show_limits(limits(report))),
        ("again", "How to check this page", _show_repeat(report)),
    )
    body = join(
        _show_head(report, made_at),
        _show_verdict(report),
        tag("nav", tag("ul", *(tag("li", tag("a", title, href=f"#{id_}")) for id_, title, _ in sections)),
            aria_label="Sections"),
        *(tag("section", "\n", tag("h2", title, id=id_), "\n", content, "\n") for id_, title, content in sections),
        _show_foot(made_at),
    )  # fmt: skip
    return join(
        Markup("<!doctype html>"),
        Markup('<html lang="en">'),
        tag("head", "\n", join(
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", f"Audit of {report.network}"),
            tag("style", Markup(style)),
        ), "\n"),
        tag("body", "\n", tag("main", "\n", body, "\n"), "\n"),
        Markup("</html>\n"),
    )  # fmt: skip


def _policy(style: str) -> str:
    """Nothing may be loaded and nothing run, whatever a value managed to say; our own style counts, by its hash."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _show_head(report: Report, made_at: int) -> Markup:
    chain = "" if report.details.chain_id is None else f", chain {report.details.chain_id}"
    return tag(
        "header",
        tag("h1", f"Audit of the loyalty programme on {report.network}"),
        tag("p", f"Made on {say_time(made_at)}, looking at block {report.pin.number:,}{chain}.", class_="quiet"),
    )


def _show_verdict(report: Report) -> Markup:
    tone, sentence, advice = verdict(report)
    return tag("div", tag("p", tag("strong", sentence)), tag("p", advice), class_=f"verdict {tone}", role="status")


def _show_answers(report: Report) -> Markup:
    rows = [(tag("b", each.asked), each.how, _say_answer(each, report)) for each in QUESTIONS]
    return join(
        tag("p", "Each question is put so that yes is the good answer. Everything was worked out a second time, by a "
                 "program that shares no code with the one that runs the programme."),
        table(("Question", "What was done", "Answer"), rows),
    )  # fmt: skip


def _say_answer(question: Question, report: Report) -> Markup:
    said = answer(question, report.findings, report.sources)
    number = count_own(question, report.findings)
    words = said.value.capitalize() + (f": {counted(number, 'finding')}" if number else "")
    return tag("span", words, class_=f"answer {_TONES[said]}")


def _show_findings(report: Report) -> Markup:
    if not report.findings:
        return tag("p", "Nothing.")
    shown = report.findings[:_FINDINGS_MAX]
    more = len(report.findings) - len(shown)
    parts = [
        tag("p", "The gravest first. ", tag("b", "Critical"), " means that balances, rules or code are not what the "
            "programme promises; ", tag("b", "serious"), " that records contradict each other or the chain; ",
            tag("b", "to know"), " that something is allowed, yet a member should know of it."),
        *(_show_finding(finding) for finding in shown),
    ]  # fmt: skip
    if more:
        parts.append(tag("p", f"And {counted(more, 'more finding')}: all of them are in the report as JSON."))
    return join(*parts)


def _show_finding(finding: Finding) -> Markup:
    facts = (
        ("About", finding.subject),
        ("Should be", finding.expected),
        ("Is", finding.actual),
        ("Seen", say_place(finding)),
        ("Question", question_of(finding.code).asked),
    )
    return tag(
        "article",
        tag("h3", tag("span", SEVERITY_WORDS[finding.severity], class_="kind"), ": ", CODES[finding.code].meaning),
        tag("dl", *(say(part) for name, fact in facts for part in (tag("dt", name), tag("dd", fact)))),
        tag("p", tag("b", "How to check: "), "repeat the audit (below) and look for the code ",
            tag("code", finding.code), class_="check"),
        class_=f"finding {TONES[finding.severity]}",
    )  # fmt: skip


def _show_repeat(report: Report) -> Markup:
    addresses = [(name, tag("span", address, class_="hex")) for name, address in report.details.contracts.items()]
    is_grave = any(finding.severity is not Severity.WARNING for finding in report.findings)
    return join(
        tag("p", "Nobody has to believe this page. With the operator's manifest (a small public file) and any node of "
                 "the chain, an engineer makes it again, without the operator's help:"),
        tag("p", tag("code", "loyaltychain audit --manifest MANIFEST.json --rpc NODE --html report.html")),
        tag("p", "A later audit looks at a later block; what stood before does not change. The lines named ",
            tag("b", "How to check"), " ask one value of the chain with ", tag("code", "cast"), ", a common tool, at "
            "the block of this page; NODE is the node's address. Old blocks may need an archive node."),
        tag("p", "The block: ", tag("span", to_hex(report.pin.hash), class_="hex")),
        table(("Contract", "Address"), addresses),
        tag("p", "Findings are to be shown to the operator with this page and the report as JSON (",
            tag("code", "--json"), ").") if is_grave else "",
    )  # fmt: skip


def _show_foot(made_at: int) -> Markup:
    return tag("footer", tag("p", f"loyaltychain {__version__}, {say_time(made_at)}", class_="quiet small"))
