"""parse_instant, parse_zone, check_pattern

given ISO text
    when it has an offset, it counts, whatever the zone
    when it has none, the zone's counts; without a zone it is refused
    when it has fractions of a second, they are dropped
given a local time that clocks show twice
    it is the first of the two
given a local time that clocks never showed
    it counts on with the offset before the change
given unix seconds or a pattern
    it is that instant, or refused when the text is another
given a zone or a pattern that is none
    it raises ValueError

format_instant
given unix seconds: RFC 3339 in UTC; beyond the year 9999 the bare number
"""

import pytest

from loyaltychain.core import errors
from loyaltychain.core.times import check_pattern, format_instant, parse_instant, parse_zone

LONDON = parse_zone("Europe/London")


@pytest.mark.parametrize(
    ("text", "pattern", "instant"),
    [
        ("1970-01-01T00:00:00Z", "iso", 0),
        ("2010-12-01T08:26:00.999999", "iso", 1_291_191_960),
        ("2010-12-01T08:26:00+02:00", "iso", 1_291_184_760),
        ("2010-07-01 08:26", "iso", 1_277_969_160),  # summer: 07:26 UTC
        ("2010-12-01", "iso", 1_291_161_600),
        ("1291191960", "unix", 1_291_191_960),
        ("01/12/2010 08:26", "%d/%m/%Y %H:%M", 1_291_191_960),
        ("01/12/2010 08:26 +0200", "%d/%m/%Y %H:%M %z", 1_291_184_760),
        ("2023-10-29 01:30", "iso", 1_698_539_400),  # twice; the first is 00:30 UTC
        ("2023-10-29 02:00", "iso", 1_698_544_800),
        ("2023-03-26 01:30", "iso", 1_679_794_200),  # never; as 01:30 UTC, which clocks call 02:30
        ("2023-03-26 02:30", "iso", 1_679_794_200),
    ],
)
def test_parse_instant__london__exact_second(text: str, pattern: str, instant: int) -> None:
    assert parse_instant(text, pattern=pattern, zone=LONDON) == instant


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("yesterday", "iso"),
        ("2010-13-01", "iso"),
        ("2023-02-29", "iso"),
        ("12:30", "unix"),
        ("1291191960.5", "unix"),
        ("12/31/2010", "%d/%m/%Y"),
        ("01/12/2010 08:26", "%d/%m/%Y"),
    ],
)
def test_parse_instant__other_text__refused(text: str, pattern: str) -> None:
    with pytest.raises(errors.InvalidEvent, match="not a time"):
        parse_instant(text, pattern=pattern, zone=LONDON)


def test_parse_instant__neither_offset_nor_zone__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match="no offset"):
        parse_instant("2010-12-01T08:26:00", pattern="iso", zone=None)


@pytest.mark.parametrize(
    "name", ["Europe", "Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "GMT\x00", "localtime", "right/UTC"]
)
def test_parse_zone__no_zone__refused(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        parse_zone(name)


@pytest.mark.parametrize("pattern", ["%d/%m %H:%M", "dd/mm/yyyy", "%Y-%m", "%Q", "%"])
def test_check_pattern__names_no_day__refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|year"):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y %H:%M", "%Y%m%d", "%d %b %y"])
def test_check_pattern__names_a_day__accepted(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_646_770, "2026-11-25T22:46:10Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800"),
        (10**18, "1000000000000000000"),
    ],
)
def test_format_instant__utc(at: int, text: str) -> None:
    assert format_instant(at) == text
