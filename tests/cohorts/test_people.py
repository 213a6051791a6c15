"""The people of a cohort: lists in every shape, corrected in place, nobody twice, and who may do what."""

import csv
import io
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, a_person, an_id
from tests.cohorts.test_setting_up import a_new_cohort, a_tutor, carried, heading, hidden, trainees
from tests.cohorts.test_spreadsheets import PEOPLE as SHEET
from tests.cohorts.test_spreadsheets import SHARED, packed, parts
from tests.house import House
from threefold.store.tables import KeepApart, Letter, Membership, Person, Seat, Staff

SAME = ["Zoë Ångström", "Bà Nguyễn"]


@pytest.mark.parametrize(
    "pasted",
    [
        "Zoë Ångström\tzoe@example.org\nBà Nguyễn\tba@example.org",
        "Zoë Ångström,zoe@example.org\r\nBà Nguyễn,ba@example.org\r\n",
        "Name;E-mail\nZoë Ångström;zoe@example.org\nBà Nguyễn;ba@example.org\n",
        "Zoë Ångström <zoe@example.org>\nBà Nguyễn <ba@example.org>",
        "Zoë Ångström <zoe@example.org>, Bà Nguyễn <ba@example.org>",
        "\ufeffE-mail,First name,Surname\nzoe@example.org,Zoë,Ångström\nba@example.org,Bà,Nguyễn\n\n  \n",
        '"Ångström, Zoë","zoe@example.org"\n"Nguyễn, Bà","ba@example.org"   ',
    ],
)
async def test_a_list_is_understood_in_every_shape(house: House, pasted: str) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    page = (await tutor.send_form(f"{base}/people/reading", {"list": pasted})).text
    assert heading(page) == "2 people are ready"
    added = await tutor.send_form(f"{base}/people/reading", [*carried(page), ("do", "add")])
    assert added.headers["location"] == f"{base}/people"
    assert sorted(await trainees(house, base)) == sorted(SAME)


async def test_pasting_the_same_list_twice_adds_nobody(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    pasted = {"list": "Amara Okafor, amara@example.org\nKit Thomas, kit@example.org", "do": "add"}
    for _ in range(2):
        await tutor.send_form(f"{base}/people/reading", pasted)
        assert await trainees(house, base) == ["Amara Okafor", "Kit Thomas"]
    page = (await tutor.send_form(f"{base}/people/reading", {"list": pasted["list"]})).text
    assert heading(page) == "0 people are ready"
    assert page.count('<span class="tag">Already here</span>') == 2


async def test_somebody_known_keeps_the_name_they_go_by(house: House) -> None:
    await a_person(house.store, "Kit Thomas", email="kit@example.org")
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    await tutor.send_form(f"{base}/people/reading", {"list": "Christopher Thomas, KIT@example.org", "do": "add"})
    assert await trainees(house, base) == ["Kit Thomas"]


async def test_rows_are_put_right_in_place_or_left_out(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    to = f"{base}/people/reading"
    pasted = "Kit Thomas, kit@example.org\nPriya N, priya.n@example;org\n, t.marsh@example.org\nJo, jo@example,org"
    page = (await tutor.send_form(to, {"list": pasted})).text
    assert heading(page) == "1 person is ready, 3 need a fix"
    assert "<title>Error: " in page
    assert '<a href="#row-3-name">Row 3: ' in page
    assert 'id="row-3-name"' in page
    named = (await tutor.send_form(to, [*carried(page, row_3_name="Tam Marsh"), ("do", "save")])).text
    assert heading(named) == "2 people are ready, 2 need a fix"
    less = (await tutor.send_form(to, [*carried(named), ("do", "leave:2")])).text
    assert heading(less) == "2 people are ready, 1 needs a fix"
    assert "Did you mean <b>jo@example.org</b>" in less
    used = (await tutor.send_form(to, [*carried(less), ("do", "use:4")])).text
    assert heading(used) == "3 people are ready"
    assert await trainees(house, base) == []


async def test_the_rows_to_fix_can_be_downloaded_for_a_spreadsheet(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    answer = await tutor.send_form(f"{base}/people/reading", {"list": "Kit, kit@example.org\n=1+1, =2@", "do": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="rows-to-fix.csv"'
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows] == ["Row", "2"]
    assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.heavy
async def test_three_thousand_rows_are_taken_five_hundred_at_a_time(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    pasted = "\n".join(f"Person {n}, person.{n}@example.org" for n in range(1, 3001))
    page = await tutor.send_form(f"{base}/people/reading", {"list": pasted})
    assert page.status_code == 200
    assert heading(page.text) == "500 people are ready"
    assert "We stopped before row 501." in page.text
    added = await tutor.send_form(f"{base}/people/reading", [*carried(page.text), ("do", "add")])
    assert heading(added.text) == "500 people are in"
    assert "paste the same list again" in added.text
    again = (await tutor.send_form(f"{base}/people/reading", {"list": pasted})).text
    assert "We stopped before row 1,001." in again
    assert heading((await tutor.send_form(f"{base}/people/reading", [*carried(again), ("do", "add")])).text) == (
        "500 people are in"
    )
    assert len(await trainees(house, base)) == 1000


async def test_a_spreadsheet_is_read_and_a_broken_one_gets_a_kind_word(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    asked = {"_token": tutor.form_token, "list": ""}
    for content, status, words in (
        (packed(parts(SHEET, shared=SHARED)), 200, "asa@example.org"),
        (b"PK\x03\x04 no archive", 422, "We couldn’t read this file."),
        ("Kit Thomas;kit@example.org".encode("utf-16"), 200, "1 person is ready"),
    ):
        file = {"file": ("people.xlsx", content, "application/octet-stream")}
        answer = await tutor.post(f"{base}/people/reading", data=asked, files=file)
        assert (answer.status_code, words in answer.text) == (status, True), words


async def test_an_empty_list_asks_for_a_line(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    page = await tutor.send_form(f"{base}/people/reading", {"list": " \n"})
    assert page.status_code == 422
    assert "Paste at least one line" in page.text


HOSTILE = [
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE person;--",
    "{{ 7*7 }}{% raw %}",
    '" onmouseover="alert(1)',
    "&lt;b&gt;",
]


async def test_hostile_names_come_back_whole_and_escaped(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor, "<img src=x onerror=alert(1)>")
    rows: list[tuple[str, str]] = []
    for n, name in enumerate(HOSTILE, 1):
        rows += [("number", str(n)), ("name", name), ("email", f"h{n}@example.org"), ("pronouns", "<i>")]
        rows += [("apart", ""), ("aside", "<u>")]
    page = (await tutor.send_form(f"{base}/people/reading", rows)).text
    added = await tutor.send_form(f"{base}/people/reading", [*carried(page), ("do", "add")])
    assert added.status_code == 303
    assert await trainees(house, base) == HOSTILE
    everywhere = [page] + [(await tutor.get(path)).text for path in (f"{base}/people", "/cohorts", f"{base}/settings")]
    for text in everywhere:
        for raw in ("<script>alert", "<img src", 'value="" onmouseover', "<i>", "<u>"):
            assert raw not in text, raw
    assert "{{ 7*7 }}{% raw %}" in everywhere[1]


async def test_two_are_kept_apart_once_and_let_together_again(house: House) -> None:
    made = await a_cohort(house.store, published=False)
    tutor = await house.as_(made.tutors[0])
    to = f"/cohorts/{made.cohort}/people/apart"
    one, other = str(made.members[0]), str(made.members[1])
    for pair in ((one, other), (other, one)):
        answer = await tutor.send_form(to, {"one": pair[0], "other": pair[1]})
        assert answer.headers["location"] == f"/cohorts/{made.cohort}/people#apart"
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(KeepApart))) == 1
    assert (await tutor.send_form(to, {"one": one, "other": one})).status_code == 422
    stranger = await a_cohort(house.store, published=False)
    assert (await tutor.send_form(to, {"one": one, "other": str(stranger.members[0])})).status_code == 422
    met = await tutor.send_form(to, {"one": other, "other": one, "do": "remove"})
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(KeepApart))) == 0
    assert met.headers["location"] == f"/cohorts/{made.cohort}/people?met={other}&and={one}#apart"
    said = (await tutor.get(met.headers["location"])).text
    assert "Amara Okafor and Ben Hughes may meet again." in said
    undo = said[said.index('<div class="toast">') : said.index("Undo")]
    await tutor.send_form(to, hidden(undo))
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(KeepApart))) == 1
    assert "may meet again" not in (await tutor.get(met.headers["location"])).text
    strange = (await tutor.get(f"/cohorts/{made.cohort}/people?met={stranger.members[0]}&and={one}")).text
    assert "may meet again" not in strange


async def kept_apart(house: House, base: str) -> list[list[str]]:
    """The names of those kept apart in a cohort, present or not."""
    cohort = UUID(base.rpartition("/")[2])

    def work(db: Session) -> list[list[str]]:
        called = dict(
            db.execute(select(Membership.id, Person.name).join(Person, Person.id == Membership.person_id)).all()
        )
        pairs = db.scalars(select(KeepApart).where(KeepApart.cohort_id == cohort))
        return sorted(sorted((called[pair.one], called[pair.other])) for pair in pairs)

    return await house.store.read(work)


async def test_a_list_can_say_whom_somebody_already_here_is_kept_apart_from(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    to = f"{base}/people/reading"
    await tutor.send_form(to, {"list": "Kit Thomas, kit@example.org\nOwen Tudor, owen@example.org", "do": "add"})
    pasted = """Name, E-mail, Keep apart from
Kit Thomas, kit@example.org, Owen Tudor
New One, new@example.org,
New One, new@example.org, Kit Thomas
"""
    page = (await tutor.send_form(to, {"list": pasted})).text
    assert "Apart from Owen Tudor" in page
    assert await kept_apart(house, base) == []
    assert (await tutor.send_form(to, [*carried(page), ("do", "add")])).status_code == 303
    both = [["Kit Thomas", "New One"], ["Kit Thomas", "Owen Tudor"]]
    assert await kept_apart(house, base) == both
    assert await trainees(house, base) == ["Kit Thomas", "New One", "Owen Tudor"]

    nobody_new = (await tutor.send_form(to, {"list": "Name, E-mail, Apart\n, owen@example.org, New One; Ann"})).text
    assert heading(nobody_new) == "0 people are ready"
    assert ">Note who is kept apart</button>" in nobody_new
    noted = (await tutor.send_form(to, [*carried(nobody_new), ("do", "add")])).text
    assert "Row 2: “Ann”" in noted
    assert await kept_apart(house, base) == [*both, ["New One", "Owen Tudor"]]


async def test_whom_somebody_is_kept_apart_from_outlasts_their_leaving(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    to = f"{base}/people/reading"
    pasted = (
        "Name, E-mail, Apart\nKit Thomas, kit@example.org, Owen Tudor\nOwen Tudor, owen@example.org\nAn, an@example.org"
    )
    await tutor.send_form(to, {"list": pasted, "do": "add"})
    cohort = UUID(base.rpartition("/")[2])
    owen = await house.store.read(
        lambda db: db.scalar(
            select(Membership.id)
            .join(Person, Person.id == Membership.person_id)
            .where(Person.name == "Owen Tudor", Membership.cohort_id == cohort)
        )
    )
    assert "Let them meet" in (await tutor.get(f"{base}/people")).text
    await tutor.send_form(f"{base}/people/{owen}/removal")
    assert "Let them meet" not in (await tutor.get(f"{base}/people")).text
    await tutor.send_form(to, {"list": "Owen Tudor, owen@example.org", "do": "add"})
    assert "Let them meet" in (await tutor.get(f"{base}/people")).text
    assert await kept_apart(house, base) == [["Kit Thomas", "Owen Tudor"]]


async def test_a_co_tutor_gets_one_letter_and_agrees_before_they_teach(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    to = f"/cohorts/{made.cohort}/people/tutors"
    words = {"tutor_name": "Joan Park", "tutor_email": "joan@example.org"}
    assert (await tutor.send_form(to, words)).headers["location"] == f"/cohorts/{made.cohort}/people#tutors"
    again = await tutor.send_form(to, words)
    assert (again.status_code, "They are in this cohort already." in again.text) == (422, True)
    assert 'value="joan@example.org"' in again.text
    letters = await house.store.read(lambda db: list(db.scalars(select(Letter))))
    assert [(letter.recipient, letter.kind) for letter in letters] == [("joan@example.org", "co-tutor")]
    assert b"Level 3, Thursdays" in letters[0].message
    joan = await house.as_(letters[0].person_id)
    asked = await joan.get(f"/cohorts/{made.cohort}")
    assert asked.headers["location"] == f"/cohorts/{made.cohort}/contract?next=/cohorts/{made.cohort}"
    await joan.send_form(f"/cohorts/{made.cohort}/contract", hidden((await joan.get(asked.headers["location"])).text))
    assert (await joan.get(f"/cohorts/{made.cohort}")).status_code == 200


async def invite_joan(house: House, made: Class) -> tuple[UUID, str]:
    """Joan, invited to teach at a mistyped address: her person, and the page about her."""
    tutor = await house.as_(made.tutors[0])
    words = {"tutor_name": "Joan Park", "tutor_email": "jaon@example.org"}
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/people/tutors", words)).status_code == 303
    found = await house.store.read(
        lambda db: db.execute(
            select(Membership.id, Person.id.label("person"))
            .join(Person, Person.id == Membership.person_id)
            .where(Person.name == "Joan Park", Membership.cohort_id == made.cohort)
        ).one()
    )
    return found.person, f"/cohorts/{made.cohort}/people/{found.id}"


async def letters_to(house: House) -> list[str]:
    asked = select(Letter.recipient).where(Letter.kind == "co-tutor").order_by(Letter.id)
    return await house.store.read(lambda db: list(db.scalars(asked)))


async def test_a_co_tutor_taken_out_and_invited_again_hears_of_it_again(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    _joan, path = await invite_joan(house, made)
    await tutor.send_form(f"{path}/removal")
    house.later(hours=1)
    await invite_joan(house, made)
    assert await letters_to(house) == ["jaon@example.org"] * 2


async def test_somebody_known_is_written_to_by_the_name_they_go_by(house: House) -> None:
    made = await a_cohort(house.store)
    joan = await a_person(house.store, "Joan Park-Ellis", email="joan@example.org")
    tutor = await house.as_(made.tutors[0])
    words = {"tutor_name": "J. Park", "tutor_email": "JOAN@example.org"}
    await tutor.send_form(f"/cohorts/{made.cohort}/people/tutors", words)
    letter = await house.store.read(lambda db: db.scalars(select(Letter)).one())
    assert (letter.person_id, letter.recipient) == (joan, "joan@example.org")
    assert b"Joan Park-Ellis" in letter.message


async def test_a_mistyped_invitation_is_put_right_until_they_sign_in(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    joan, path = await invite_joan(house, made)
    assert "The invitation then goes to the new address." in (await tutor.get(path)).text
    assert (await tutor.send_form(path, {"name": "Joan Park", "email": "joan@"})).status_code == 422
    house.later(minutes=5)
    for name in ("Joan Park", "Joan E. Park"):
        assert (await tutor.send_form(path, {"name": name, "email": "joan@example.org"})).status_code == 303
    assert await letters_to(house) == ["jaon@example.org", "joan@example.org"]
    await house.as_(joan)
    assert 'name="email"' not in (await tutor.get(path)).text
    assert (await tutor.send_form(path, {"name": "Joan", "email": "mine@example.org"})).status_code == 422
    assert (await house.store.read(lambda db: db.get_one(Person, joan))).email == "joan@example.org"


async def test_nobody_new_is_corrected_who_can_reach_more_than_the_tutor(house: House) -> None:
    made, elsewhere = await a_cohort(house.store), await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    joan, path = await invite_joan(house, made)
    place = Membership(id=an_id(), cohort_id=elsewhere.cohort, person_id=joan, role="tutor", joined_at=house.now)
    place_id = place.id
    await house.store.write(lambda db: db.add(place))
    taken = {"name": "Joan Park", "email": "mine@example.org"}
    assert (await tutor.send_form(path, taken)).status_code == 422

    def staff_instead(db: Session) -> None:
        db.delete(db.get_one(Membership, place_id))
        db.add(Staff(person_id=joan, since=house.now, by=None))

    await house.store.write(staff_instead)
    assert (await tutor.send_form(path, taken)).status_code == 422
    assert (await house.store.read(lambda db: db.get_one(Person, joan))).email == "jaon@example.org"


async def test_a_new_name_stands_on_every_page_they_are_on(house: House) -> None:
    one, two = await a_cohort(house.store), await a_cohort(house.store)
    tutor = await house.as_(one.tutors[0])
    place = an_id()

    def join(db: Session) -> None:
        own = db.get_one(Membership, one.tutor_members[0])
        db.add(
            Membership(
                id=place,
                cohort_id=two.cohort,
                person_id=own.person_id,
                role="tutor",
                joined_at=house.now,
                contract_version=own.contract_version,
                privacy_version=own.privacy_version,
            )
        )
        db.get_one(Membership, two.members[0]).person_id = one.people[0]

    await house.store.write(join)
    before = await tutor.get(f"/cohorts/{two.cohort}")
    assert "Amara Okafor" in before.text
    email = (await house.store.read(lambda db: db.get_one(Person, one.people[0]))).email
    path = f"/cohorts/{one.cohort}/people/{one.members[0]}"
    assert (await tutor.send_form(path, {"name": "Zuri Okafor", "email": email})).status_code == 303
    after = await tutor.get(f"/cohorts/{two.cohort}", headers={"if-none-match": before.headers["etag"]})
    assert (after.status_code, "Zuri Okafor" in after.text, "Amara" in after.text) == (200, True, False)


async def test_a_new_address_signs_the_person_out_everywhere(house: House) -> None:
    made = await a_cohort(house.store)
    amara, tutor = await house.as_(made.people[0]), await house.as_(made.tutors[0])
    path = f"/cohorts/{made.cohort}/people/{made.members[0]}"
    old = (await house.store.read(lambda db: db.get_one(Person, made.people[0]))).email
    await tutor.send_form(path, {"name": "Amara Okafor-Lee", "email": old})
    assert (await amara.get("/")).status_code == 200
    taken = (await house.store.read(lambda db: db.get_one(Person, made.people[1]))).email
    refused = await tutor.send_form(path, {"name": "Amara", "email": taken.upper()})
    assert (refused.status_code, "Somebody else here has this address" in refused.text) == (422, True)
    assert (await tutor.send_form(path, {"name": "Amara", "email": "amara@new.example"})).status_code == 303
    assert (await amara.get("/")).headers["location"] == "/sign-in"


async def test_only_whoever_teaches_all_their_groups_may_correct_somebody(house: House) -> None:
    made, elsewhere = await a_cohort(house.store), await a_cohort(house.store)

    def join(db: object) -> None:
        db.add(  # type: ignore[attr-defined] # the unit gets a session
            Membership(
                id=elsewhere.members[0].__class__(int=made.members[0].int ^ 1),
                cohort_id=elsewhere.cohort,
                person_id=made.people[0],
                role="trainee",
                joined_at=house.now,
            )
        )

    await house.store.write(join)
    tutor = await house.as_(made.tutors[0])
    path = f"/cohorts/{made.cohort}/people/{made.members[0]}"
    assert 'name="email"' not in (await tutor.get(path)).text
    refused = await tutor.send_form(path, {"name": "Amara", "email": "mine@example.org"})
    assert (refused.status_code, "in a group you don’t teach" in refused.text) == (422, True)


async def test_somebody_taken_out_gives_up_what_is_to_come_and_keeps_what_was(house: House) -> None:
    made = await a_cohort(house.store)
    amara, tutor = await house.as_(made.people[0]), await house.as_(made.tutors[0])
    path = f"/cohorts/{made.cohort}/people/{made.members[0]}/removal"
    assert "one short" in (await tutor.get(path)).text
    assert (await tutor.send_form(path)).headers["location"] == f"/cohorts/{made.cohort}/people"
    held = await house.store.read(
        lambda db: [db.get_one(Seat, week[made.members[0]]).given_up_at is None for week in made.seats]
    )
    assert held == [True, False, False]
    assert (await amara.get(f"/practice/{made.sessions[1]}")).status_code == 404
    assert (await tutor.send_form(path)).status_code == 404
    own = await tutor.send_form(f"/cohorts/{made.cohort}/people/{made.tutor_members[0]}/removal")
    assert (own.status_code, "You can’t take yourself out" in own.text) == (422, True)
