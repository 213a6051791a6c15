"""`threefold letters --samples`: every kind of letter there is, in the order they leave, each one sound."""

from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.mail.calendars import Shelf, by_icalendar, opened
from threefold.cli import main
from threefold.mail.message import check_message
from threefold.web.templates import environment

pytestmark = pytest.mark.heavy

FRAME = {"base", "parts"}


def letters(folder: Path) -> Result:
    return CliRunner().invoke(main, ["letters", "--samples", str(folder)])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("letters") / "samples"
    result = letters(folder)
    assert result.exit_code == 0, result.output
    assert "index.txt says what each of them is" in result.output
    return folder


@pytest.fixture(scope="module")
def files(written: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(written.glob("*.eml"))]


def test_each_kind_of_letter_is_there(written: Path) -> None:
    kinds = {Path(name).stem for name in environment().list_templates() if name.startswith("mail/")} - FRAME
    index = (written / "index.txt").read_text(encoding="utf-8")
    assert set(index.rpartition("Every kind: ")[2].split()) == kinds


def test_every_one_keeps_every_rule_and_is_in_the_index(written: Path, files: list[bytes]) -> None:
    index = (written / "index.txt").read_text(encoding="utf-8")
    assert [check_message(each) for each in files] == [()] * len(files)
    for number, each in enumerate(files, start=1):
        subject = BytesHeaderParser(policy=default).parsebytes(each)["Subject"]
        assert f"\n{number:06d}.eml  " in index
        assert subject in index


def test_given_to_calendars_in_their_order_they_ask_for_nothing_that_some_calendar_gets_wrong(
    files: list[bytes],
) -> None:
    shelves: dict[str, Shelf] = {}
    for mail in map(opened, files):
        if mail.calendar is not None:
            shelf = shelves.setdefault(mail.recipient, Shelf(mail.recipient))
            shelf.take(by_icalendar(mail.calendar), mail.calendar)
    assert [fault for shelf in shelves.values() for fault in shelf.faults] == []
    assert len(shelves["dev.mehta@example.com"].held) == 4, "what was held before he left"
    assert len(shelves["ben.hughes@example.com"].held) == 4, "what was held before his address was put right"
    assert len(shelves["ben.hughes@example.org"].held) == 6


def test_who_left_is_asked_for_nothing_more(files: list[bytes]) -> None:
    last = next(mail for mail in map(opened, reversed(files)) if mail.recipient == "dev.mehta@example.com")
    assert "METHOD:CANCEL" in (last.calendar or b"").decode()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = letters(tmp_path)
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert "is not empty. Name a folder that is, or one to be made." in result.output
