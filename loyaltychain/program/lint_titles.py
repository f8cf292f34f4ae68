"""The linter's rules about words: a rule is understood in one sentence, and a name says who one is. Pure."""

import re
from collections.abc import Iterator

from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_rules import Finding

WORDS_LEAST, WORDS_MOST = 3, 25
_LETTERS_A_WORD = 2  # of scripts that write without spaces
_END = re.compile(r"[.!?…。！？]$")
_INNER_END = re.compile(r"[.!?](?=\s+\S)|[。！？](?=\S)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|No|St|Dr|Mr|Mrs)\.")


def lint_titles(facts: Facts) -> Iterator[Finding]:
    """Titles that are no clear sentence, and names that are a number."""
    conduct = facts.conduct
    titled = [
        *(("behaviours", each.id, each.title) for each in conduct.behaviours),
        *(("achievements", each.id, each.title) for each in facts.achievements),
        *(("streaks", each.id, each.title) for each in conduct.streaks),
        *(("referrals", each.id, each.title) for each in conduct.referrals),
    ]
    for section, id_, title in titled:
        if wrong := what_is_wrong(title):
            yield Finding("unclear-title", (section, id_, "title"), f"{title!r} {wrong}.",
                          "Say in one sentence what a member does to get it: Answer somebody's question.")  # fmt: skip
    for each in facts.achievements:
        if re.search(r"\d", each.name):
            yield Finding("name-counts", ("achievements", each.id, "name"), f"{each.name!r} is a number.",
                          "Name who its holder is, such as Helper; the title says how many.")  # fmt: skip


def what_is_wrong(title: str) -> str | None:
    """Why this is not one clear sentence; None when it is."""
    text = _ABBREVIATION.sub("", title.strip())
    words = len(text.split())
    if words == 1 and not text.isascii():
        words = len(text) // _LETTERS_A_WORD
    if words < WORDS_LEAST:
        return "is too short to be understood"
    if words > WORDS_MOST:
        return f"is longer than {WORDS_MOST} words"
    if _INNER_END.search(text):
        return "is more than one sentence"
    return None if _END.search(text) else "is no sentence: it has no full stop"
