"""What a merge moved, lot by lot; and adjustments that wait for a second person. All append-only."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from loyaltychain.db.tables import Number, String, metadata

merge_lots = Table(
    "merge_lots",
    metadata,
    Column("link", Number, ForeignKey("member_links.id"), primary_key=True, autoincrement=False),
    Column("place", Number, primary_key=True, autoincrement=False),  # 1, 2, 3, … within its link
    Column("lot", String, nullable=False),  # of the one who went over; of the survivor, where it paid the other's debt
    Column("entry_id", String, nullable=False),  # the survivor's: a lot that came in has its name
    Column("points", Number, CheckConstraint("points <> 0", name="points"), nullable=False),  # below 0: paid of a debt
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String, primary_key=True),  # source/id of the adjustment
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("points", Number, CheckConstraint("points <> 0", name="points"), nullable=False),  # signed
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("asked_by", String),  # the key that asked; none: an operator's own hand
    Column("expires_at", Number),
    Column("may_owe", Number, CheckConstraint("may_owe IN (0, 1)", name="may_owe"), nullable=False),
    Column("requested_at", Number, nullable=False),
    Column("until", Number, nullable=False),  # exclusive: nobody decides on it from then on
)

approval_ends = Table(
    "approval_ends",
    metadata,
    Column("approval", String, ForeignKey("approvals.id"), primary_key=True),
    Column("verdict", String, CheckConstraint("verdict IN ('approved', 'rejected')", name="verdict"), nullable=False),
    Column("actor", String, nullable=False),
    Column("decided_by", String),  # the key; none: an operator's own hand
    Column("reason", String, nullable=False),
    Column("decided_at", Number, nullable=False),
)
