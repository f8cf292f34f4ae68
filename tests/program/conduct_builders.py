"""A programme file that says everything that one can say of members' conduct, and short ones."""

from loyaltychain.program.conduct import Conduct
from loyaltychain.program.load import parse_program

CONDUCT_TEXT = """\
name: Bike Forum
version: 1
timezone: Europe/London
currency: EUR
units:
  en: {one: spoke, other: spokes}
nobody: community
objects:
  question: {made_by: question_asked}
  answer: {made_by: answer_given, parent: question}
measures:
  score: {sum: value, of: vote}
  views: {latest: views, of: views_read}
  accepts: {count: acceptance}
behaviours:
  joined: {event: joined, title: Join.}
  helpful-reply:
    event: answer_given
    title: Answer somebody's question.
    points: 20
    qualifying: true
    where: {is_own: false, platform: discord, length: {at_least: 50}, kind: {one_of: [a, b]}, x: {is_not: y},
            n: {at_most: 3, at_least: 1}, object.kind: answer}
    for: actor
    every: 3
    after: {behaviour: joined, days: 7}
    caps:
      - {points: 100, per: day}
      - {times: 3, per: week}
      - {times: 1, per: day, each: device, shared: true}
    cooldown: {minutes: 30}
    budget: {points: 50000, per: month}
    pending:
      until: [{event: upvote, times: 2, by: peer}, {event: approved, by: {role: moderator}}, seen]
      reject: rejected
      days: 14
      otherwise: cancel
    pairs: {weights: [100, 50, 25, 0], per: month, reciprocal_days: 7}
    proof: [code, link, attested]
    self_dealing: refuse
    tiers: [gold]
    segments: [newcomers]
    from: "2026-01-01"
    to: "2026-12-31"
    expiry: never
    retracted_by: [reply_deleted]
  bought:
    event: [purchase, order]
    title: Buy something.
    points: {give: 2, per: 100, of: amount, rounding: down, each: items}
    once: object
caps: [{points: 500, per: day}]
boosts:
  double-week: {times: "2", rounding: down, behaviours: [helpful-reply], from: "2026-05-01", to: "2026-05-07"}
achievements:
  first-answer:
    title: Give your first answer.
    name: Helper
    count: {of: helpful-reply, times: 1}
    repeat: never
    points: 50
    qualifying: false
    supply: 100
    role: mentor
    status: active
    history: from_now
    since: "2026-03-01"
  summed: {title: Sum., name: Sum, sum: {of: bought, field: amount, at_least: 100}}
  latest: {title: Latest., name: Latest, latest: {of: bought, field: amount, at_least: 100}}
  good-answers:
    title: Give good answers.
    name: Good
    object:
      of: [answer]
      where: {score: {at_least: 10}, parent_is_own: false, days_after_parent: {at_least: 61}, rank: 1}
      times: 5
      distinct: day
      share: {percent: 50, where: {score: {at_least: 1}}}
  great-answer: {title: Give a great answer., name: Great, object: {of: answer, where: {score: 100}}, repeat: object}
  weekly: {title: A week., name: Steady, streak: {of: daily, length: 7}}
  golden: {title: Gold., name: Golden, tier: gold}
  all-of-it: {title: All., name: All, all: [weekly, golden]}
  any-of-it: {title: Any., name: Any, any: [weekly, golden], repeat: never}
  some-of-it: {title: Some., name: Some, some: {of: [weekly, golden, latest], times: 2}}
streaks:
  daily:
    title: Help every day.
    of: [helpful-reply, bought]
    period: day
    match: all
    least: 2
    day_ends: "03:00"
    zone: programme
    grace_hours: 6
    freezes: {initial: 1, every: 7, most: 2}
    rewards: {30: 300, 7: 50}
tiers:
  period: rolling
  months: 12
  falls: one_down
  grace_days: 14
  notice_days: 30
  replaced: {bronze: member}
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 1000, perks: [early access], boost: "1.5"}
referrals:
  friend:
    event: referred
    qualified_by: purchase
    title: Send a friend.
    days: 30
    referrer: 500
    referee: 200
    where: {amount: {at_least: 2000}}
    hold_on: [device, payment]
    signal_on: ip
    velocity: {times: 5, per: day}
    caps: [{times: 20, per: year}]
    approved_by: looked_at
    rejected_by: thrown_out
    retracted_by: [refund]
seasons: {spring: {from: "2026-03-01", to: "2026-05-31"}}
segments: {newcomers: {days_since_joined: {at_most: 30}}}
rewards: {mug: {name: A mug, cost: 500, stock: 20}}
nudges: {streak_ends: {hours: 4}, tier_ends: {days: 30}, achievement_near: {missing: 1}}
expiry: {inactivity: {months: 12, notice_days: 45}}
jurisdictions: [ontario, quebec]
"""

SHORT_TEXT = """\
name: Bike Forum
version: 1
timezone: Europe/London
currency: EUR
behaviours:
  reply:
    event: answer_given
    title: Answer a question.
    points: 20
"""


def conduct_of(text: str) -> Conduct:
    """The conduct of a programme that has one."""
    conduct = parse_program(text).conduct
    assert conduct is not None
    return conduct
