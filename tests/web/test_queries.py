"""No page asks the database often, and none more often because there is more to show."""

from tests.builders import a_cohort
from tests.house import House
from tests.web.queries import queries_of_every_page


async def test_no_page_asks_more_than_eight_times_however_large_the_cohort(house: House) -> None:
    small = await queries_of_every_page(house, await a_cohort(house.store, trainees=6, weeks=2))
    large = await queries_of_every_page(house, await a_cohort(house.store, trainees=30, weeks=12))
    assert {page: asked for page, asked in large.items() if asked > 8} == {}
    assert {page: (small[page], asked) for page, asked in large.items() if asked > small[page]} == {}
