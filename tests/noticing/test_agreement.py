"""How far observers agree: nothing below ten rounds with two observers, faint below five of one, always with n."""

import csv
import io
import re
from datetime import timedelta

from tests.house import Browser, House
from tests.noticing.terms import Term, a_term

BEN = 1
FEW = 'class="few"'


async def quads(house: House, weeks: int, *, sterner: int = BEN) -> Term:
    """Eight people in fours, so that two observe each round; one of them gives a level less than everybody else."""
    term = await a_term(house.store, trainees=8, weeks=weeks)
    for week in range(weeks):
        for person in range(8):
            for observer in term.observers(week, person):
                less = observer == sterner
                term.writes(
                    week, person, observer, "observer",
                    HC2=(3 + (person + week) % 2) - less, HC8=(2 + person % 3) - less, HC10=None,
                )  # fmt: skip
    return term


async def tutor_of(house: House, term: Term) -> Browser:
    await term.keep(house.store)
    house.now = term.starts[-1] + timedelta(days=5)
    return await house.as_(term.built.tutors[0])


def path_of(term: Term, what: str = "agreement") -> str:
    return f"/cohorts/{term.built.cohort}/{what}"


async def test_below_ten_rounds_it_says_how_many_there_are_and_no_more(house: House) -> None:
    term = await quads(house, 1)
    page = (await (await tutor_of(house, term)).get(path_of(term))).text
    assert "Too few to say how far observers agree" in page
    assert "Eight rounds have two or more observers so far. From 10 on something can be said." in page
    assert "Alpha" not in page
    assert "Nobody has observed five rounds beside somebody else yet." in page
    assert page.count(FEW) == 8


async def test_from_ten_on_it_is_said_in_words_with_its_range_and_its_number(house: House) -> None:
    term = await quads(house, 3)
    page = (await (await tutor_of(house, term)).get(path_of(term))).text
    assert "24 rounds have two or more observers so far." in page
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td>([^<]+)</td>' + r'<td class="num">([^<]+)</td>' * 3, page)
    assert [row[0] for row in rows] == ["Everything together", "Empathy", "Boundaries"]
    assert {row[4] for row in rows} == {"24"}
    for _, _, alpha, between, _ in rows:
        low, high = map(float, between.replace("−", "-").split(" to "))
        assert low < float(alpha.replace("−", "-")) < high


async def test_the_chart_says_n_for_each_and_greys_those_with_fewer_than_five(house: House) -> None:
    term = await quads(house, 3)
    # Somebody who dropped in as tutor on two rounds has seen too few.
    for person in (0, 3):
        term.writes(0, person, term.built.tutor_members[0], "observer", HC2=3, HC8=2)
    page = (await (await tutor_of(house, term)).get(path_of(term))).text
    rows = re.findall(
        r'<g( class="few")?><text class="nm"[^>]*>([^<]+)<.*?class="nr"[^>]*>(\d+) rounds<', page, re.DOTALL
    )
    assert len(rows) == 9
    assert [(name, number) for few, name, number in rows if few] == [("Marion", "2")]
    assert {name for few, name, number in rows if not few and int(number) >= 5} == {
        "Amara", "Ben", "Chloe", "Dev", "Esther", "Farid", "Grace", "Hanna",
    }  # fmt: skip
    assert page.count("<title id=") == page.count("<desc id=") == 1
    assert "Ben tends to be sterner." in page
    assert "One other has seen too few rounds to say." in page
    assert "Marion Shaw (tutor)" in page


async def test_a_tutor_who_drops_in_makes_a_round_one_that_counts(house: House) -> None:
    term = await a_term(house.store, weeks=2)
    for week in range(2):
        for person in range(6):
            (observer,) = term.observers(week, person)
            term.writes(week, person, observer, "observer", HC2=3, HC8=2)
            if person < 5:
                term.writes(week, person, term.built.tutor_members[0], "observer", HC2=2 + week, HC8=2)
    page = (await (await tutor_of(house, term)).get(path_of(term))).text
    assert "Ten rounds have two or more observers so far." in page
    assert "Krippendorff’s alpha" in page


async def test_the_csv_has_the_same_rows_as_the_page(house: House) -> None:
    term = await quads(house, 3)
    tutor = await tutor_of(house, term)
    answer = await tutor.get(path_of(term, "agreement.csv"))
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    cut = rows.index([])
    page = (await tutor.get(path_of(term))).text
    for about, rounds, words, alpha, low, high in rows[1:cut]:
        row = f'<th scope="row">{about}</th><td>{words}</td><td class="num">{alpha}</td>'
        row += f'<td class="num">{low} to {high}</td><td class="num">{rounds}</td>'
        assert row.replace(">-", ">−").replace("to -", "to −") in page
    people = rows[cut + 2 :]
    assert sorted(row[0] for row in people)[:2] == ["Amara Okafor", "Ben Hughes"]
    assert len(people) == 8
    for name, rounds, words, *_ in people:
        assert re.search(rf'<th scope="row">{name}</th><td class="num">{rounds}</td>.*<td>{words}</td>', page)
    assert (await tutor.get(path_of(term, "agreement.csv"))).content == answer.content


async def test_where_nobody_observes_beside_anybody_it_says_how_that_comes_about(house: House) -> None:
    term = await a_term(house.store, weeks=1)
    page = (await (await tutor_of(house, term)).get(path_of(term))).text
    assert "No rounds have two or more observers so far." in page
    assert "Nobody has observed beside somebody else yet" in page
    assert '<svg class="lean"' not in page
