"""render_page, say

given a report
├── the page is well-formed, and loads and runs nothing
├── its verdict says the gravest that was found, and its answers what each question came to
├── every finding stands with its meaning, its values and its code
├── supply, settlements, rules, roles and limits stand with how to check them
└── what was not looked at is named
given texts of a chain that would be markup, or steer the direction of writing
└── they are shown, and do nothing
given more settlements than one reads
└── the oldest stand as one sum
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.backfill import Backfill
from loyaltychain.audit.check_delays import Operation
from loyaltychain.audit.details import BatchLine, ChangeLine, Details, RoleLine
from loyaltychain.audit.findings import CODES, Finding, Severity, make_finding
from loyaltychain.audit.heads import Heads
from loyaltychain.audit.markup import say, tag
from loyaltychain.audit.page import render_page
from loyaltychain.audit.page_words import CAP_MEANINGS
from loyaltychain.audit.questions import QUESTIONS, Answer, Source, answer, question_of
from loyaltychain.audit.report import Report
from loyaltychain.cli.auditing import write_page
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256
from tests.audit.scenario import Scenario, copied

MADE_AT = 1_790_000_500
VOID = {"meta", "br", "hr"}
EVIL = '<script>alert(1)</script><img src="https://evil.example/x"> \u202e"\'& \x1b[31m'


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, its texts, and whether each element is closed in its turn."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


@pytest.fixture(scope="module")
def clean(built_programme: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """The report of a programme in which nothing is wrong."""
    with copied(built_programme, tmp_path_factory.mktemp("page") / "home") as scenario:
        yield scenario.audit()


def page_of(report: Report) -> Page:
    return Page(render_page(report, made_at=MADE_AT))


def spoil(report: Report, *findings: Finding) -> Report:
    return replace(report, findings=findings)


def test_render_page__any_report__loads_and_runs_nothing(clean: Report) -> None:
    source = render_page(clean, made_at=MADE_AT)
    page = Page(source)

    assert {name for name, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "nav", "section", "footer", "article",
        "div", "h1", "h2", "h3", "p", "ul", "li", "a", "b", "strong", "span", "code", "br", "dl", "dt", "dd", "table",
        "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    links = [attributes["href"] for name, attributes in page.tags if name == "a"]
    assert links
    assert {f"#{attributes['id']}" for name, attributes in page.tags if name == "h2"} == set(links)
    loading = {"src", "srcset", "style", "action", "data", "poster", "background"}
    assert not [attributes for _, attributes in page.tags if loading & attributes.keys()]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|//|@import|url\(", source)
    style = re.search(r"<style>(.*)</style>", source, re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policies = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]  # fmt: skip
    assert source.startswith('<!doctype html>\n<html lang="en">')


def test_render_page__nothing_found__says_so_and_answers_every_question(clean: Report) -> None:
    page = page_of(clean)

    assert "Nothing was found: all that was looked at agrees." in page.text
    assert all(question.asked in page.text for question in QUESTIONS)
    answers = {each: answer(each, clean.findings, clean.sources) for each in QUESTIONS}
    assert [each.source for each, said in answers.items() if said is not Answer.YES] == [Source.EXPORT]
    assert answers[question_of("award-differs")] is Answer.NOT_ASKED
    assert "Made on 21 September 2026, 14:21:40 UTC, looking at block 29" in page.text


def test_render_page__values__stand_with_how_to_check_them(clean: Report) -> None:
    text = page_of(clean).text
    ledger = clean.details.contracts["PointsLedger"]

    assert "In circulation349points that members own together" in text
    assert f'cast call {ledger} "totalSupply()(uint256)" --block 29 --rpc-url NODE' in text
    assert f"cast logs --address {ledger} --from-block 29 --to-block 29 --rpc-url NODE" in text
    assert "final: the chain will not take it back" in text
    for program in clean.details.programs:
        assert f'"isPublished(bytes32)(bool)" 0x{program.program_hash.hex()}' in text
    for line in clean.details.roles:
        assert line.holder in text
    for name, cap in clean.details.caps.items():
        assert f"{CAP_MEANINGS[name]}{cap:,}{name}" in text
    assert "Awards for the time before the rules were published" in text
    for address in clean.details.contracts.values():
        assert address in text


def test_render_page__findings__stand_with_meaning_values_and_code(clean: Report) -> None:
    findings = [
        make_finding(code, f"subject of {code}", expected=f"due {code}", actual=f"is {code}", block=7) for code in CODES
    ]
    text = page_of(spoil(clean, *findings)).text

    for finding in findings:
        assert (
            f"{CODES[finding.code].meaning}About{finding.subject}Should be{finding.expected}Is{finding.actual}" in text
        )
        assert f"look for the code {finding.code}" in text
    assert "Balances, rules or code are not what the programme promises." in text


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [(["paused", "volume", "balance-root"], "Balances, rules or code are not"),
     (["volume", "paused"], "The records contradict each other or the chain."),
     (["paused"], "Nothing contradicts what the programme promises; 1 thing is to be known.")],
)  # fmt: skip
def test_render_page__verdict__says_the_gravest(clean: Report, codes: list[str], sentence: str) -> None:
    findings = [make_finding(code, "PointsLedger", expected=1, actual=2) for code in codes]

    assert sentence in page_of(spoil(clean, *findings)).text


def test_render_page__a_file_alone__names_what_was_not_looked_at(clean: Report) -> None:
    details = replace(clean.details, heads=None, backfill=None, is_bucket_checked=False)
    text = page_of(replace(clean, sources=("logs",), receipts=None, pending=None, mode="root", details=details)).text

    assert "no node of the chain was asked" in text
    assert "the operator's books were not at hand" in text
    assert "the times of blocks were not at hand" in text
    assert "the file does not say how far the chain stood" in text
    assert "no node was asked" in text
    assert "not looked at" in text
    assert text.count("Not looked at") == sum(question.source is not Source.LOGS for question in QUESTIONS)


def test_render_page__texts_that_would_be_markup__are_shown(clean: Report) -> None:
    severity = Severity.CRITICAL
    details = replace(
        clean.details,
        history=(ChangeLine(7, None, EVIL, EVIL, EVIL, EVIL),),
        roles=(RoleLine(EVIL, EVIL, 5),),
        scheduled=(Operation(b"", EVIL, EVIL, b"", 2**70, 7),),
        caps={EVIL: 1},
        contracts=dict.fromkeys((*clean.details.contracts, EVIL), EVIL),
        heads=Heads(29, None, None, EVIL, "file"),
        batches=(replace(clean.details.batches[0], time=2**70, label="unknown"),),
    )
    evil = replace(
        clean, network=EVIL, details=details, findings=(Finding("batch-hash", severity, EVIL, EVIL, "x" * 10_000, 7),)
    )
    page = page_of(evil)

    assert {name for name, _ in page.tags} == {name for name, _ in page_of(spoil(clean, evil.findings[0])).tags}
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text
    assert "[U+202E]" in page.text
    assert "10,000 characters" in page.text


def test_render_page__many_settlements__show_the_oldest_as_one_sum(clean: Report) -> None:
    lines = tuple(BatchLine(n, n + 10, "final", 1_790_000_000, 2, 5, 1, 4 * n, b"") for n in range(1, 101))
    page = page_of(replace(clean, details=replace(clean.details, batches=lines)))

    assert "1 to 40" in page.text
    rows = [attributes for name, attributes in page.tags if attributes.get("data-label") == "How firm"]
    assert len(rows) == 61
    assert "Issued since the beginning500" in page.text


def test_render_page__nothing_settled_or_published__is_said(clean: Report) -> None:
    text = page_of(replace(clean, details=Details(backfill=()), voided=2, pending=3)).text

    assert "Nothing was settled yet." in text
    assert "No rules were published yet." in text


def test_render_page__root_mode__says_what_can_be_disputed(clean: Report) -> None:
    text = page_of(replace(clean, mode="root", voided=2, pending=1)).text

    assert "1 settlement can still be disputed; 2 settlements were taken back as false." in text


def test_render_page__back_fill_and_what_is_announced__stand(clean: Report) -> None:
    operation = Operation(b"\x01" * 32, "0xca11e4", "0x7a49e7", b"\xab\xcd\xef\x01", 1_790_086_400, 12)
    details = replace(
        clean.details,
        scheduled=(operation,),
        backfill=(Backfill(b"\x07" * 32, 1_790_000_000, 3, 1_234, 1_780_000_000, 1_780_086_400),),
    )
    text = page_of(replace(clean, details=details)).text

    assert "22 September 2026, 14:13:20 UTC120xca11e40x7a49e70xabcdef01" in text
    assert "31,23428 May 2026, 20:26:40 UTC to 29 May 2026, 20:26:40 UTC" in text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_say__any_text__is_text(text: str) -> None:
    page = Page(tag("p", text, title=text))

    assert [name for name, _ in page.tags] == ["p"]
    shown = "".join(page.texts)
    assert shown == page.tags[0][1]["title"] == "".join(Page(say(text)).texts)
    if text.isprintable():
        assert shown == text


def test_write_page__a_place_that_is_none__says_so(clean: Report, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be written"):
        write_page(clean, tmp_path / "nowhere" / "page.html")

    write_page(clean, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8").endswith("</html>\n")


def test_render_page__how_to_check__is_what_the_contracts_answer(scenario: Scenario) -> None:
    report = scenario.audit(database=None)
    calls = re.findall(r'cast call (0x\w+) "(\w+\([^)]*\))\(([^)]*)\)"((?: \w+)*) --block 29', page_of(report).text)
    answers = {}
    for target, signature, _, told in calls:
        words = b"".join(int(each, 0).to_bytes(32) for each in told.split())
        answer = scenario.world.rpc.call(target, keccak256(signature.encode())[:4] + words, block=29)
        answers[signature] = [int.from_bytes(answer[at : at + 32]) for at in range(0, len(answer), 32)]

    assert answers == {
        "totalSupply()": [report.supply],
        "isPublished(bytes32)": [1],
        "hasRole(uint64,address)": [1, report.details.roles[0].delay],
        "caps()": list(report.details.caps.values()),
    }
    for kind, block in (("PointsLedger", 29), ("ProgramRegistry", report.details.history[-1].block)):
        assert scenario.world.rpc.logs([report.details.contracts[kind]], first=block, last=block)
