"""What every error has: a message, facts, and how both are read. Which errors there are is ``errors.py``'s."""

from collections.abc import Iterable, Mapping


def in_words(value: object) -> str:
    """A fact as a person reads it: text without quotes unless it is empty, lists with commas, bytes as 0x hex."""
    if isinstance(value, str):  # what would break the line is escaped
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in value) or '""'
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        value = [f"{in_words(name)} {in_words(each)}" for name, each in value.items()]
    if isinstance(value, Iterable):
        return ", ".join(in_words(each) for each in value) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)


class LoyaltyError(Exception):
    """Base of all loyaltychain errors."""

    def __init__(self, message: str = "", **context: object) -> None:
        self.context = context
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """The sentence alone, without its facts."""
        return str(self.args[0])

    def __str__(self) -> str:
        facts = "; ".join(f"{name}: {in_words(value)}" for name, value in self.context.items())
        return f"{self.message} [{facts}]" if facts else self.message
