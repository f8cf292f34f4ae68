"""counted: given one, the singular; given none or many, the plural; thousands are set apart."""

from loyaltychain.core.words import counted


def test_counted__one_none_many__singular_or_plural() -> None:
    assert [counted(number, "batch", "batches") for number in (0, 1, 2, 1234)] == [
        "0 batches",
        "1 batch",
        "2 batches",
        "1,234 batches",
    ]
    assert counted(3, "finding") == "3 findings"
