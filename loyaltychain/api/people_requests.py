"""The bodies of requests about members' accounts, and about what waits for a second person."""

from loyaltychain.api.requests import Body, Id, Words


class NewMember(Body):
    """A member who joins by herself, before her first event."""

    id: Id


class Deed(Body):
    """Why it is done, and who decides it."""

    reason: Words
    actor: Words


class NewIdentity(Deed):
    """Another id of the same member."""

    id: Id


class Merge(Deed):
    """The member ``into`` whom the one in the path goes over."""

    into: Id


class Unmerge(Deed):
    """The member in the path comes out again."""


class Close(Deed):
    """Nothing more happens on the account in the path, ever."""


class Verdict(Deed):
    """What a second person says."""


class AwardDecision(Deed):
    """What is decided about pending points, by hand."""
