"""Rosters as tutors really paste them, and what a hostile one gets."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.core.address import (
    EMAIL_SENTENCE,
    LONG_NAME_SENTENCE,
    NAME_SENTENCE,
    PLAIN_LETTERS_SENTENCE,
    ascii_address,
    suggested_email,
)
from threefold.core.refusal import Problem
from threefold.core.roster import (
    Duplicate,
    Row,
    check_email,
    check_name,
    checked_row,
    csv_cell,
    csv_file,
    decode,
    email_key,
    judge,
    names_meant,
    read_pasted,
    read_table,
)

AISHA = Row(1, "Aisha Bello", "aisha@example.org")
BEN = Row(2, "Ben Ó Briain", "ben@example.org")
NO_ADDRESS = Problem("email", EMAIL_SENTENCE)
NO_NAME = Problem("name", NAME_SENTENCE)


@pytest.mark.parametrize(
    "text",
    [
        "Aisha Bello, aisha@example.org\nBen Ó Briain, ben@example.org",
        "Aisha Bello\taisha@example.org\r\nBen Ó Briain\tben@example.org\r\n",
        "Aisha Bello;aisha@example.org;;  \nBen Ó Briain; ben@example.org ;;",
        "Aisha Bello <aisha@example.org>\nBen Ó Briain <mailto:ben@example.org>",
        "Aisha Bello <aisha@example.org>; Ben Ó Briain <ben@example.org>;",
        '"Bello, Aisha" <aisha@example.org>, Ben Ó Briain <ben@example.org>',
        "aisha@example.org,Aisha Bello\nben@example.org;Ben Ó Briain",
        "aisha@example.org,Aisha,Bello\nben@example.org\tBen Ó Briain",
        "Aisha Bello aisha@example.org\nBen Ó Briain - ben@example.org",
        "\ufeffAisha\u00a0Bello\u00a0,aisha@example.org\u00a0\u00a0\nBen O\u0301 Briain,ben@EXAMPLE.org",
    ],
)
def test_the_same_two_people_however_they_were_pasted(text: str) -> None:
    assert read_pasted(text) == (AISHA, BEN)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "Name,E-mail,Pronouns,Apart from,Prefers,Needs\nAisha Bello,aisha@example.org,she/her,Owen T.,Gwen,lift",
            Row(2, "Aisha Bello", "aisha@example.org", "she/her", "Owen T.", (), "Gwen", ("lift",)),
        ),
        (
            "E-mail address;Surname;First name\n\naisha@example.org;Bello;Aisha",
            Row(3, "Aisha Bello", "aisha@example.org"),
        ),
        (
            "PRONOUNS\tStudent\tMail\nthey/them\tBello, Aisha\taisha@example.org",
            Row(2, "Aisha Bello", "aisha@example.org", "they/them"),
        ),
        (
            "No.,Learner name,College email\n1,Aisha Bello,aisha@example.org",
            Row(2, "Aisha Bello", "aisha@example.org", unread=("1",)),
        ),
        ("Name,E-mail\nAisha Bello <aisha@example.org>,", Row(2, "Aisha Bello", "aisha@example.org")),
        (
            "Name,E-mail,Pronouns\nAisha Bello; aisha@example.org; she/her",
            Row(2, "Aisha Bello", "aisha@example.org", "she/her"),
        ),
        ('Name\tE-mail\n"Aisha\nBello"\taisha@example.org', Row(2, "Aisha Bello", "aisha@example.org")),
        (
            "Aisha, Bello, she/they, aisha@example.org, step-free room",
            Row(1, "Aisha Bello", "aisha@example.org", "she/they", unread=("step-free room",)),
        ),
        ("aisha@example.org", Row(1, "", "aisha@example.org", problems=(NO_NAME,))),
        ("Aisha Bello", Row(1, "Aisha Bello", "", problems=(NO_ADDRESS,))),
        ("Aisha Bello, aisha.example.org", Row(1, "Aisha Bello", "aisha.example.org", problems=(NO_ADDRESS,))),
        ("Aisha Bello, aisha@example,org", Row(1, "Aisha Bello", "aisha@example,org", problems=(NO_ADDRESS,))),
        (", t.marsh@example.org", Row(1, "", "t.marsh@example.org", problems=(NO_NAME,))),
        ('"Aisha Bello\taisha@example.org', Row(1, '"Aisha Bello', "aisha@example.org")),
        ("Davis, Jr. <aisha@example.org>", Row(1, "Davis, Jr.", "aisha@example.org")),
        ("Em, aisha@example.org", Row(1, "Em", "aisha@example.org")),
        ("名前 様\tu@例え.jp", Row(1, "名前 様", "u@例え.jp")),
        ("Zoë 🦉 אָדָם, aisha@example.org", Row(1, "Zoë 🦉 אָדָם", "aisha@example.org")),
    ],
)
def test_columns_in_any_order_with_headings_or_without(text: str, row: Row) -> None:
    assert read_pasted(text) == (row,)


def test_blank_lines_are_passed_over_and_row_numbers_stay_those_of_the_paste() -> None:
    rows = read_pasted("\r\nName,E-mail\r\n\r\nAisha,a@example.org\r\n   \r\n,,\r\nBen,b@example.org\r\n")
    assert [(row.number, row.name) for row in rows] == [(4, "Aisha"), (7, "Ben")]
    assert read_pasted("") == read_pasted(" \n,,\n\t\n") == read_pasted("Name,E-mail\n") == ()


def test_a_stray_quote_swallows_nobody() -> None:
    rows = read_pasted('"Odd, a@example.org\n"Ben" Hughes, b@example.org\nCal "Cally" Reid, c@example.org')
    assert [row.email for row in rows] == ["a@example.org", "b@example.org", "c@example.org"]


def test_a_table_from_a_spreadsheet_keeps_its_row_numbers() -> None:
    rows = read_table([["Name", "Email"], ["", ""], ["Bello, Aisha", " aisha@example.org\n"], ["", "x"]])
    assert rows == (Row(3, "Aisha Bello", "aisha@example.org"), Row(4, "", "x", problems=(NO_NAME, NO_ADDRESS)))


def test_the_dry_run_says_who_is_ready_who_needs_a_fix_who_is_here_and_who_was_said_twice() -> None:
    rows = read_pasted(
        "Aisha Bello, aisha@example.org\nBen, ben@example\nCal, cal@example.org\nAisha, AISHA@Example.ORG\n"
        "Dilys, Dilys@Bücher.example\nBen, ben@example"
    )
    run = judge(rows, already={email_key("dilys@xn--bcher-kva.example")})
    assert run.ready == (AISHA, rows[2])
    assert run.to_fix == (rows[1], rows[5])
    assert run.already_here == (rows[4],)
    assert run.duplicates == (Duplicate(rows[3], of=1),)
    assert run.duplicates[0].sentence == "already in this list, row 1"
    assert (run.left_over, run.problems) == ((), ())


def test_pasting_the_same_list_twice_adds_nobody() -> None:
    rows = read_pasted("Aisha, a@example.org\nBen, b@example.org")
    again = judge(rows, {email_key(row.email) for row in judge(rows, ()).ready})
    assert (again.ready, again.to_fix, again.already_here) == ((), (), rows)


def test_three_thousand_rows_are_answered_kindly_and_can_be_carried_on_with() -> None:
    text = "\n".join(f"Person {number}, person{number}@example.org" for number in range(3_500))
    rows = read_pasted(text)
    run = judge(rows, ())
    assert (len(rows), len(run.ready), len(run.left_over)) == (3_000, 500, 2_500)
    assert run.problems == (
        Problem(
            "list",
            "500 people fit in one go, so we stopped before row 501. "
            "Add these, then paste the same list again: nobody is added twice",
        ),
    )
    more = judge(rows, {email_key(row.email) for row in run.ready})
    assert (more.ready[0].number, len(more.ready), len(more.already_here)) == (501, 500, 500)


@pytest.mark.parametrize("text", ["<", '"', "@", "a@b,", "<a@b>", "a", "\n", "“,", '",'])
def test_a_megabyte_of_nonsense_is_read_all_the_same(text: str) -> None:
    assert len(judge(read_pasted(text * (1_000_000 // len(text))), ()).ready) == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Name@Example.COM ", "Name@example.com"),
        ("o'brien+x@sub.example.co.uk", "o'brien+x@sub.example.co.uk"),
        ("x@Bücher.example", "x@bücher.example"),
        ("x@faß.example", "x@faß.example"),
        ("x@example。org", "x@example.org"),
    ],
)
def test_addresses_that_will_do(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "@",
            "a@",
            "@example.org",
            "a@example",
            "a@example,org",
            "a b@example.org",
            "a@b@example.org",
            "a@1.2.3.4",
        ),
        *(".a@example.org", "a.@example.org", "a..b@example.org", "a@-x.org", "a@x-.org", "a@x..org", "a@🦉.org"),
        *("a@" + "x" * 64 + ".org", "a" * 65 + "@example.org", "a@" + "abcdefg." * 40 + "org", "a(b)@example.org"),
        *('"a b"@example.org', "a@[127.0.0.1]", "a@exa mple.org", "a;b@example.org", "<a@example.org>"),
    ],
)
def test_addresses_that_will_not_are_answered_with_what_to_do(typed: str) -> None:
    assert check_email(typed) == NO_ADDRESS


def test_letters_beyond_ascii_before_the_at_get_a_sentence_of_their_own() -> None:
    assert check_email("jürgen@example.org") == Problem("email", PLAIN_LETTERS_SENTENCE)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("priya.n@example,org", "priya.n@example.org"),
        ("priya (at) example (dot) org", "priya@example.org"),
        ("priya@@example..org.", "priya@example.org"),
        ("mailto:priya @ example.org;", "priya@example.org"),
        ("<priya@example.org>", "priya@example.org"),
        ("priya", ""),
        ("", ""),
    ],
)
def test_did_you_mean(typed: str, meant: str) -> None:
    assert suggested_email(typed) == meant
    assert checked_row(9, "Priya N", typed).suggestion == meant
    assert checked_row(9, "Priya N", "priya@example.org").suggestion == ""


def test_one_person_under_two_spellings_of_an_address() -> None:
    assert email_key("A.B@Bücher.Example") == email_key("a.b@xn--bcher-kva.example") == "a.b@xn--bcher-kva.example"
    assert email_key("x@faß.example") != email_key("x@fass.example")
    assert ascii_address("X@faß.example") == "X@xn--fa-hia.example"


def test_names_are_as_people_gave_them_on_one_line() -> None:
    assert check_name("  Ben\r\nBcc: x\x00\x1b\u202e ") == "Ben Bcc: x"
    assert check_name("محمد\u200c رضا 👩‍👩‍👧") == "محمد\u200c رضا 👩‍👩‍👧"
    assert check_name("x" * 100) == "x" * 100
    assert check_name("x" * 101) == Problem("name", LONG_NAME_SENTENCE)
    assert check_name("\u200b \u00a0") == NO_NAME
    assert checked_row(1, "x" * 101, "?").name == "x" * 101


def test_keep_apart_finds_whom_the_tutor_means() -> None:
    names = ("Owen Thomas", "Owen Price", "Gwen Pryce", "Owen", "Ann Marie Tan")
    assert names_meant("owen t.", names) == ("Owen Thomas",)
    assert names_meant("Owen", names) == ("Owen",)
    assert names_meant("Gwen", names) == ("Gwen Pryce",)
    assert names_meant("Owen", names[:2]) == names[:2]
    assert names_meant("", names) == names_meant("Nobody", names) == ()


def test_files_as_spreadsheets_save_them() -> None:
    text = "Name,E-mail\r\nZoë Łuk,z@example.org"
    assert [decode(text.encode(coding)) for coding in ("utf-8", "utf-8-sig", "utf-16")] == [text] * 3
    assert decode("Zoë Müller – “Z”".encode("cp1252")) == "Zoë Müller – “Z”"
    assert decode(b"\x81\xff") == "\ufffdÿ"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_ours_is_a_formula(start: str) -> None:
    assert csv_cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"
    assert csv_cell("Aisha =1") == "Aisha =1"
    assert csv_cell("") == ""


HOSTILE = st.text(st.sampled_from("aZé🦉א=+-@;,\"'<>\t\r\n\u202e\u00a0\u200b\x00\x1b "), max_size=30)


@settings(deadline=None)
@given(name=HOSTILE)
def test_any_name_arrives_whole_through_our_own_csv_and_is_harmless_there(name: str) -> None:
    row = checked_row(2, name, "a@example.org")
    data = csv_file([("Name", "E-mail"), (row.name, row.email)])
    [_, cells] = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert not cells[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    # "Bello, Aisha" comes back as Aisha Bello, and "<x@y>" as an address: readings for lists, not for our own files
    if not {",", "<", "@"} & set(row.name):
        back = read_pasted(decode(data))
        assert back == (row,) or row.name.startswith("'")


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_whatever_is_pasted_each_row_is_clean_and_every_number_its_own(text: str) -> None:
    rows = read_pasted(text)
    assert len({row.number for row in rows}) == len(rows)
    for row in rows:
        said = row.name + row.email + row.pronouns + row.apart_from
        assert said.isprintable() or not set(said) & set("\r\n\t\x00\x1b\u202e")
        assert row == checked_row(
            row.number, row.name, row.email, row.pronouns, row.apart_from, row.prefers, row.unread
        )
