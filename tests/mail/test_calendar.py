"""Calendar objects as every calendar must read them: whole words, the right hour, one way to say who and when."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical  # type: ignore[import-untyped] # comes with icalendar, without types
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from threefold.core.invitation import FeedEntry, Invitation, Method, Status
from threefold.core.slots import WeeklyPattern, dates
from threefold.mail.calendar import check, download_bytes, feed_bytes, invitation_bytes
from threefold.mail.timezones import spelt_out

NINE = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
INVITATION = Invitation(
    starts_at=datetime(2026, 10, 8, 17, 30, tzinfo=UTC),
    ends_at=datetime(2026, 10, 8, 19, 30, tzinfo=UTC),
    zone="Europe/London",
    summary="Skills practice",
    location="Room 2, Elm House; first on the left",
    description="18:45 You’re observing\n19:20 You’re counsellor",
    url="https://practice.elm.example/sessions/2",
    uid="0123456789abcdef0123456789abcdef@elm.example",
    sequence=0,
    method=Method.REQUEST,
    organizer_name="Marion Shaw via Elm House",
    organizer_email="practice@elm.example",
    attendee_name="Kit Thomas",
    attendee_email="kit@example.org",
    stamp=NINE,
    status=Status.CONFIRMED,
)
ENTRY = FeedEntry(
    starts_at=INVITATION.starts_at,
    ends_at=INVITATION.ends_at,
    zone=INVITATION.zone,
    summary=INVITATION.summary,
    location=INVITATION.location,
    description=INVITATION.description,
    url=INVITATION.url,
    uid=INVITATION.uid,
    sequence=0,
    changed_at=NINE,
)
ZONES = (
    *("Europe/London", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata"),
    *("Asia/Kathmandu", "America/St_Johns", "America/Santiago", "Africa/Casablanca", "Europe/Dublin", "UTC"),
)


def at(local: datetime, zone: str) -> Invitation:
    """The invitation moved to a local time."""
    starts_at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return replace(INVITATION, zone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))


def test_an_invitation_says_exactly_this() -> None:
    assert invitation_bytes(INVITATION).decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Threefold//Practice sessions 1//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/London",
        "BEGIN:DAYLIGHT",
        "DTSTART:20070325T010000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZNAME:BST",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20071028T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "TZNAME:GMT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "SUMMARY:Skills practice",
        "DTSTART;TZID=Europe/London:20261008T183000",
        "DTEND;TZID=Europe/London:20261008T203000",
        "DTSTAMP:20260901T090000Z",
        "UID:0123456789abcdef0123456789abcdef@elm.example",
        "SEQUENCE:0",
        'ATTENDEE;CN="Kit Thomas";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-',
        " PARTICIPANT;RSVP=TRUE:mailto:kit@example.org",
        "DESCRIPTION:18:45 You’re observing\\n19:20 You’re counsellor",
        "LOCATION:Room 2\\, Elm House\\; first on the left",
        'ORGANIZER;CN="Marion Shaw via Elm House":mailto:practice@elm.example',
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://practice.elm.example/sessions/2",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    assert check(invitation_bytes(INVITATION), "REQUEST", "kit@example.org") == ()


def test_a_cancellation_names_the_same_person_and_asks_for_nothing() -> None:
    cancel = replace(INVITATION, method=Method.CANCEL, sequence=1, status=Status.CANCELLED)
    data = invitation_bytes(cancel)
    assert check(data, "CANCEL", "Kit@Example.org") == ()
    event = Calendar.from_ical(data).events[0]
    assert (str(event["uid"]), str(event["sequence"]), str(event["status"])) == (INVITATION.uid, "1", "CANCELLED")
    assert "RSVP" not in event["attendee"].params


def first_monday(year: int) -> date:
    begins = date(year, 1, 1)
    return begins + timedelta(days=-begins.weekday() % 7)


def clock_change_weeks(year: int) -> list[tuple[str, date]]:
    """The Monday of every week in a year whose clocks change, per zone, and one ordinary week."""
    weeks = []
    for zone in ZONES:
        place = ZoneInfo(zone)
        for week in range(53):
            monday = first_monday(year) + timedelta(weeks=week)
            ends = [datetime.combine(monday + timedelta(days=days), time(12), place).utcoffset() for days in (-1, 7)]
            if ends[0] != ends[1] or week == 30:
                weeks.append((zone, monday))
    return weeks


EVERY_YEAR = [2026, *(pytest.param(year, marks=pytest.mark.heavy) for year in range(2027, 2031))]


@pytest.mark.parametrize("year", EVERY_YEAR)
def test_the_hour_is_right_in_every_week_the_clocks_change_for_readers_that_know_only_the_message(year: int) -> None:
    """dateutil reads the VTIMEZONE by itself; where the message is in UTC there is nothing to misread."""
    weeks = clock_change_weeks(year)
    assert len(weeks) > 16
    for zone, monday in weeks:
        for day in range(7):
            invitation = at(datetime.combine(monday + timedelta(days=day), time(18, 30)), zone)
            data = invitation_bytes(invitation)
            assert check(data, "REQUEST", "kit@example.org") == ()
            event = Calendar.from_ical(data).events[0]
            assert (event.start, event.end) == (invitation.starts_at, invitation.ends_at)
            stated = event["dtstart"].params.get("TZID")
            if stated:
                reader = tzical(StringIO(data.decode())).get(stated)
                assert isinstance(event.start, datetime)
                naive = event.start.replace(tzinfo=None)
                assert reader.utcoffset(naive) == invitation.starts_at.astimezone(ZoneInfo(zone)).utcoffset()
                assert naive.time() == time(18, 30)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(0, 24 * 60 - 1))
def test_any_moment_in_any_zone_keeps_every_rule(zone: str, day: date, minute: int) -> None:
    invitation = at(datetime.combine(day, time(minute // 60, minute % 60)), zone)
    data = invitation_bytes(invitation)
    assert check(data, "REQUEST", "kit@example.org") == ()
    assert Calendar.from_ical(data).events[0].start == invitation.starts_at


def test_a_zone_without_a_yearly_rule_gets_utc_and_one_without_changes_gets_one_observance() -> None:
    assert spelt_out("Africa/Casablanca", 2026, 2026) is None
    assert (
        spelt_out("America/Santiago", 2030, 2030) is None
    )  # the first Sunday after the first, and one year that is not
    assert spelt_out("UTC", 2026, 2026) is None
    assert b"DTSTART:20261008T173000Z" in invitation_bytes(replace(INVITATION, zone="Africa/Casablanca"))
    kathmandu = invitation_bytes(replace(INVITATION, zone="Asia/Kathmandu")).decode()
    assert kathmandu.count("BEGIN:STANDARD") == 1
    assert "TZOFFSETTO:+0545" in kathmandu
    assert "RRULE" not in kathmandu


def test_a_local_time_that_comes_twice_is_sent_in_utc() -> None:
    data = invitation_bytes(at(datetime(2026, 10, 25, 1, 30), "Europe/London"))  # noqa: DTZ001 - local on purpose
    assert b"DTSTART:20261025T003000Z" in data
    assert b"VTIMEZONE" not in data


HOSTILE = st.text(
    st.sampled_from("Ann é🦉א\u202e\u200d\"'^\\;:,=<>\t\r\n\x00\x07%") | st.characters(codec="utf-8"), max_size=60
)


@settings(deadline=None)
@given(name=HOSTILE, place=HOSTILE, words=HOSTILE)
def test_names_places_and_notes_arrive_whole_and_harmless(name: str, place: str, words: str) -> None:
    invitation = replace(INVITATION, attendee_name=name, location=place, summary=f"S{words}", description=words * 3)
    data = invitation_bytes(invitation)
    assert check(data, "REQUEST", "kit@example.org") == ()
    calendar = Calendar.from_ical(data)
    [event] = calendar.events
    assert len(calendar.walk()) == 5
    assert str(event["attendee"]) == "mailto:kit@example.org"
    said = str(event["attendee"].params.get("CN", ""))
    assert not {"\r", "\n", "\x00", "\x07", "\u202e"} & set(said)
    plain = set(name) <= set("Ann é🦉א\"'^\\;:,=<>%")
    assert said == " ".join(name.split()).replace("\\", "/") or not plain


def test_a_formula_for_a_name_is_just_a_name() -> None:
    name = '=HYPERLINK("http://x.example";"Click")'
    data = invitation_bytes(replace(INVITATION, attendee_name=name, attendee_email="o'b+x%1@bücher.example"))
    assert check(data, "REQUEST", "o'b+x%1@xn--bcher-kva.example") == ()
    attendee = Calendar.from_ical(data).events[0]["attendee"]
    assert attendee.params["CN"] == name
    assert str(attendee) == "mailto:o'b+x%251@xn--bcher-kva.example"


def test_the_feed_is_the_same_bytes_until_something_changes() -> None:
    later = replace(
        ENTRY,
        uid=new_uid_of(2),
        starts_at=ENTRY.starts_at + timedelta(weeks=4),
        ends_at=ENTRY.ends_at + timedelta(weeks=4),
    )
    gone = replace(ENTRY, uid=new_uid_of(3), status=Status.CANCELLED, sequence=1)
    feed = feed_bytes([later, gone, ENTRY], "Practice, Thursdays")
    assert feed == feed_bytes([ENTRY, later, gone], "Practice, Thursdays")
    assert check(feed, None) == ()
    text = feed.decode()
    for line in (
        "NAME:Practice\\, Thursdays",
        "X-WR-CALNAME:Practice\\, Thursdays",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ):
        assert f"\r\n{line}\r\n" in text
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert text.count("DTSTAMP:20260901T090000Z") == 3
    assert not {"METHOD", "ATTENDEE", "ORGANIZER"} & {
        line.partition(":")[0].partition(";")[0] for line in text.split("\r\n")
    }
    assert [event.start for event in Calendar.from_ical(feed).events].count(later.starts_at) == 1
    assert feed != feed_bytes([replace(later, changed_at=NINE + timedelta(days=1)), gone, ENTRY], "Practice, Thursdays")
    assert check(feed_bytes([], "Practice"), None) == ()


def new_uid_of(number: int) -> str:
    return f"{number:032x}@elm.example"


def test_a_term_across_two_years_and_zones_is_one_right_feed() -> None:
    entries = [
        replace(
            ENTRY, zone=zone, uid=new_uid_of(number * 100 + slot.number), starts_at=slot.starts_at, ends_at=slot.ends_at
        )
        for number, zone in enumerate(ZONES)
        for slot in dates(WeeklyPattern(zone, 3, time(18, 30), 120, date(2026, 9, 3), 30))
    ]
    feed = feed_bytes(entries, "Everywhere")
    assert check(feed, None) == ()
    assert sorted(event.start for event in Calendar.from_ical(feed).events) == sorted(
        entry.starts_at for entry in entries
    )


def test_one_session_to_download_is_the_feeds_entry() -> None:
    data = download_bytes(ENTRY)
    assert check(data, None) == ()
    assert str(Calendar.from_ical(data).events[0]["uid"]) == ENTRY.uid


GOOD = invitation_bytes(INVITATION)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"\r\n", b"\n", "ICS-01"),
        (b"BEGIN:VCALENDAR", b"\xef\xbb\xbfBEGIN:VCALENDAR", "ICS-01"),
        (b"SUMMARY:Skills", b"SUMMARY:" + b"x" * 80, "ICS-02"),
        (b"You\xe2\x80\x99re c", b"You\xe2\x80\r\n \x99re c", "ICS-03"),
        (b"END:VEVENT", b"END:VTODO", "ICS-04"),
        (b"VERSION:2.0", b"VERSION:1.0", "ICS-04"),
        (b"20261008T203000", b"20261399T203000", "ICS-04"),
        (b"METHOD:REQUEST", b"METHOD:PUBLISH", "ICS-05"),
        (b"UID:0123456789abcdef", b"UID:kit.thomas-", "ICS-07"),
        (b"DTSTAMP:20260901T090000Z", b"DTSTAMP:20260901T090000", "ICS-08"),
        (b"SEQUENCE:0", b"SEQUENCE:x", "ICS-09"),
        (b"mailto:practice@", b"practice@", "ICS-10"),
        (b"mailto:kit@", b"mailto:ben@", "ICS-11"),
        (b"mailto:practice@elm.example", b"mailto:kit@example.org", "ICS-12"),
        (b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=NEEDS ACTION", "ICS-13"),
        (b"DTSTART;TZID=Europe/London:", b"DTSTART:", "ICS-15"),
        (b"TZID:Europe/London", b"TZID:Europe/Dublin", "ICS-16"),
        (b"TZOFFSETTO:+0100", b"TZOFFSETTO:+0200", "ICS-18"),
        (b"20261008T203000", b"20261008T173000", "ICS-19"),
        (b"London:20261008T183000", b"London:20261025T013000", "ICS-20"),
        (b"Room 2\\,", b"Room 2,", "ICS-21"),
        (b"STATUS:CONFIRMED", b"STATUS:CANCELLED", "ICS-23"),
        (b"TRANSP:OPAQUE", b"TRANSP:TRANSPARENT", "ICS-24"),
        (b"SEQUENCE:0", b"SEQUENCE:0\r\nSEQUENCE:1", "ICS-26"),
        (b"URL:https", b"URL:http", "ICS-27"),
        (b"SEQUENCE:0", b"SEQUENCE:0\r\nRRULE:FREQ=WEEKLY", "ICS-28"),
        (b"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", b"RDATE:20260329T010000", "ICS-30"),
    ],
)
def test_each_broken_rule_is_named(old: bytes, new: bytes, rule: str) -> None:
    assert old in GOOD
    broken = check(
        GOOD.replace(old, new, 1) if old != b"\r\n" else GOOD.replace(old, new), "REQUEST", "kit@example.org"
    )
    assert rule in {sentence.partition(":")[0] for sentence in broken}


def test_a_mail_holds_one_event_and_a_feed_no_people() -> None:
    event = GOOD[GOOD.index(b"BEGIN:VEVENT") : GOOD.index(b"END:VCALENDAR")]
    assert "ICS-06" in check(GOOD.replace(event, event * 2), "REQUEST", "kit@example.org")[0]
    feed = GOOD.replace(b"METHOD:REQUEST\r\n", b"")
    assert check(feed, None) == ("ICS-29: a feed names no people",)
