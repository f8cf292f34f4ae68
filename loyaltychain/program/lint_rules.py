"""What the linter knows: each of its rules with its severity and what it rests on. Looks at no programme.

The reasons come from two bodies of advice, told in our own words: *small-win design* (how achievements keep people in
a community) and *behavioural loyalty* (what to reward so that customers stay). Their numbers are advice that nobody
here has verified, and that is how docs/PROGRAMS.md gives them.
"""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["warning", "note"]
SMALL_WIN, LOYALTY, ABUSE, LAW = "small-win design", "behavioural loyalty", "known abuse", "consumer law"

#: The numbers that the rules go by.
ACHIEVEMENTS_LEAST, ACHIEVEMENTS_WELL, ACHIEVEMENTS_MOST = 5, 8, 12
TIERS_LEAST, TIERS_MOST = 3, 5
SESSION_ACTS = 3
SHARE_PERCENT = 10
RATE_LEAST, RATE_MOST = 2, 4


@dataclass(frozen=True, slots=True)
class LintRule:
    """Something that the linter looks for.

    Args:
        code: Stands for it for ever; scripts may go by it.
        source: Whose advice it is.
        because: The reason, in a sentence.
        section: The heading in docs/PROGRAMS.md under which it is explained.
    """

    code: str
    severity: Severity
    source: str
    because: str
    section: str

    @property
    def rests_on(self) -> str:
        """Source, reason and where to read more, on one line."""
        return f"{self.source}: {self.because} (docs/PROGRAMS.md#{self.section})"


def _rules(*rules: LintRule) -> dict[str, LintRule]:
    return {rule.code: rule for rule in rules}


RULES: Final = _rules(
    # The ladder
    LintRule("too-many-achievements", "warning", SMALL_WIN,
             "when every act has a badge none is remembered; more than a dozen is too many", "the-ladder"),
    LintRule("many-achievements", "note", SMALL_WIN,
             "a launch with 5 to 8 is understood, and shows what works before more is added", "the-ladder"),
    LintRule("too-few-achievements", "warning", SMALL_WIN,
             "fewer than 5 leave no path from newcomer to contributor", "the-ladder"),
    LintRule("no-first-win", "warning", SMALL_WIN,
             "who earns something in the first minutes has seen that acts are recognised", "the-ladder"),
    LintRule("no-return", "warning", SMALL_WIN,
             "the second step asks for another visit, because a habit begins with the second day", "the-ladder"),
    LintRule("no-social", "warning", SMALL_WIN,
             "the third step is with somebody else, because people stay for people", "the-ladder"),
    LintRule("ladder-order", "note", SMALL_WIN,
             "members read the list from the top: first win, return, then others", "the-ladder"),
    # Quality
    LintRule("volume-only", "warning", SMALL_WIN,
             "what counts acts and nothing else teaches to post much, not well", "quality"),
    LintRule("role-without-quality", "warning", SMALL_WIN,
             "a role is power over others; it follows what others confirmed", "quality"),
    LintRule("unclear-title", "warning", SMALL_WIN,
             "a rule that is not understood in one sentence is not followed", "titles"),
    LintRule("name-counts", "note", SMALL_WIN,
             "a name says who somebody has become; a number says only how often", "titles"),
    # What is rewarded
    LintRule("only-purchases", "warning", LOYALTY,
             "points for purchases alone pay for what happens anyway, and anybody can copy them", "what-is-rewarded"),
    LintRule("reward-over-share", "warning", LOYALTY,
             f"a reward is a fraction, {SHARE_PERCENT} % unless said, of what the behaviour adds to a member's value",
             "economics"),
    LintRule("reward-rate", "note", LOYALTY,
             f"healthy programmes are said to give {RATE_LEAST} to {RATE_MOST} % of the revenue that they bring",
             "economics"),
    # Abuse
    LintRule("uncapped", "warning", ABUSE,
             "an act that a member reports herself and that pays without a limit is automated", "caps-and-proof"),
    LintRule("collusion", "warning", ABUSE,
             "what two members can give each other without a limit, they do", "caps-and-proof"),
    LintRule("referral-open", "warning", ABUSE,
             "people refer themselves by a second address, device or card", "caps-and-proof"),
    LintRule("announced-without-gate", "warning", ABUSE,
             "what is announced, free and worth something draws farmers with many accounts", "caps-and-proof"),
    LintRule("streak-late", "note", ABUSE,
             "whoever says when an act was done can say that it was done in time", "streak-protection"),
    # Status
    LintRule("streak-unprotected", "warning", SMALL_WIN,
             "when one missed day erases weeks, people leave instead of beginning again", "streak-protection"),
    LintRule("tier-count", "warning", LOYALTY,
             f"{TIERS_LEAST} to {TIERS_MOST} tiers are remembered, with a next one always in sight", "tier-design"),
    LintRule("tier-perks", "warning", LOYALTY,
             "a tier without a perk is a word, and one of discounts alone can be bought elsewhere", "tier-design"),
    LintRule("tiers-by-spending", "warning", LOYALTY,
             "a threshold that only spending reaches rewards purchases again", "tier-design"),
    LintRule("tiers-out-of-reach", "warning", LOYALTY,
             "without points that qualify nobody ever leaves the first tier", "tier-design"),
    # Law
    LintRule("expiry-unannounced", "note", LAW,
             "points that vanish without a notice are what members complain about most", "law-and-expiry"),
    LintRule("jurisdiction-unsaid", "note", LAW,
             "some provinces forbid expiry by age or ask for a notice; a programme that names them is held to it",
             "law-and-expiry"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a programme that a rule speaks against.

    Args:
        place: The keys that lead to it in the file: ``("achievements", "first-help", "title")``.
        message: What is so here.
        advice: What to do.
    """

    code: str
    place: tuple[str | int, ...]
    message: str
    advice: str

    @property
    def rule(self) -> LintRule:
        """The rule that it is of."""
        return RULES[self.code]
