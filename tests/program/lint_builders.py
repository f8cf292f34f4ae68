"""A programme against which nothing speaks, to be spoilt in one place at a time."""

from loyaltychain.program.economics import Economics
from loyaltychain.program.lint import lint
from loyaltychain.program.load import parse_program

GOOD_TEXT = """
name: Bike Forum
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, points: 3, per: "1.00"}
objects:
  post: {made_by: post_written}
measures:
  votes: {count: post_liked}
behaviours:
  profile: {event: profile_completed, title: Fill in your profile., points: 50, once: ever}
  visit: {event: visited, title: Look around a little.}
  poll: {event: poll_answered, title: Answer one of the polls., points: 5, cooldown: {hours: 1}}
  post:
    event: post_written
    title: Write a post that a peer likes.
    points: 20
    qualifying: true
    pending: {until: [{event: post_liked, by: peer}], reject: post_removed, days: 30, otherwise: cancel}
  thanks:
    event: thanked
    title: Help so that somebody thanks you.
    for: recipient
    points: 10
    pairs: {weights: [100, 50, 0], per: month}
  workshop:
    event: workshop_attended
    title: Attend one of the workshops.
    points: 30
    once: object
    proof: [code]
    from: "2026-03-01"
referrals:
  friend:
    event: referred
    qualified_by: purchase
    title: Bring a friend who buys something.
    days: 30
    referrer: 50
    referee: 20
    hold_on: [device]
    velocity: {times: 5, per: day}
streaks:
  weekly: {title: Look around once a week., of: [visit], period: week, freezes: {initial: 1, most: 1}}
seasons:
  spring: {from: "2026-03-01", to: "2026-05-31"}
achievements:
  first: {title: Fill in your profile., name: Newcomer, count: {of: profile, times: 1}}
  again: {title: Look around on two days., name: Returner, count: {of: visit, times: 2, distinct: day}}
  helper: {title: Help so that somebody thanks you., name: Helper, count: {of: thanks, times: 1}}
  writer: {title: Write three posts that peers like., name: Writer, count: {of: post, times: 3}, role: editor}
  season:
    title: Attend two workshops a season.
    name: Learner
    count: {of: workshop, times: 2, distinct: day}
    repeat: season
    points: 20
tiers:
  period: rolling
  levels:
    - {id: member, name: Member, from: 0}
    - {id: regular, name: Regular, from: 100, perks: [early access]}
    - {id: pillar, name: Pillar, from: 500, perks: [a seat at the planning, 5 % discount]}
expiry: {inactivity: {months: 12, notice_days: 30}}
jurisdictions: [quebec]
"""


def codes(text: str, economics: Economics | None = None) -> list[str]:
    """What the linter says of the programme in ``text``."""
    return [each.code for each in lint(parse_program(text), economics)]


def spoilt(*changes: tuple[str, str]) -> str:
    """The good programme with these words replaced, each of which it must hold."""
    text = GOOD_TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
