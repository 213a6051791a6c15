"""Rosters in Excel files: an honest one is read, a broken or hostile one gets a kind word and harms nobody."""

import io
import zipfile
from random import Random

import pytest

from threefold.cohorts.spreadsheets import TOO_LARGE, UNREADABLE, read_xlsx
from threefold.core.refusal import Refusal
from threefold.core.roster import Row, judge, read_table

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CANNOT_READ = Refusal.because(UNREADABLE, "file")
FAR_TOO_MUCH = Refusal.because(TOO_LARGE, "file")


def parts(
    rows: str, *, sheets: str = '<sheet name="People" sheetId="1" r:id="rId1"/>', shared: str = ""
) -> dict[str, str]:
    """The parts of the smallest workbook there is, with `rows` as the XML of its first sheet."""
    relation = '<Relationship Id="{}" Type="' + OFFICE + '/{}" Target="{}"/>'
    found = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relation.format('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{SHEETS}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relation.format('rId1', 'worksheet', 'worksheets/sheet1.xml')}"
        f"{relation.format('rId2', 'worksheet', 'worksheets/sheet2.xml')}"
        f"{relation.format('rId3', 'sharedStrings', 'sharedStrings.xml')}</Relationships>",
        "xl/worksheets/sheet1.xml": sheet(rows),
        "xl/worksheets/sheet2.xml": sheet(cell("A1", "second")),
    }
    return found | ({"xl/sharedStrings.xml": f'<sst xmlns="{SHEETS}">{shared}</sst>'} if shared else {})


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{SHEETS}"><sheetData>{rows}</sheetData></worksheet>'


def cell(place: str, text: str) -> str:
    return f'<row r="{place.lstrip("ABCDXF")}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def packed(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


PEOPLE = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>E-mail</t></is></c></row>'
    '<row r="3"><c r="A3" t="inlineStr"><is><t>Åsa =1+1</t></is></c>'
    '<c r="B3" t="s"><v>0</v></c><c r="C3"><v>12</v></c></row>'
)
SHARED = "<si><t>asa@example.org</t></si>"


def test_the_first_sheet_is_read_with_its_row_numbers() -> None:
    rows = read_xlsx(packed(parts(PEOPLE, shared=SHARED)))
    assert rows == (("Name", "E-mail", ""), ("", "", ""), ("Åsa =1+1", "asa@example.org", "12"))
    assert not isinstance(rows, Refusal)
    assert judge(read_table(rows), ()).ready == (Row(3, "Åsa =1+1", "asa@example.org", unread=("12",)),)


def test_a_hidden_sheet_is_passed_over() -> None:
    sheets = '<sheet name="Old" sheetId="1" r:id="rId1" state="hidden"/><sheet name="New" sheetId="2" r:id="rId2"/>'
    assert read_xlsx(packed(parts(PEOPLE, sheets=sheets))) == (("second",),)


def test_only_the_first_three_thousand_rows_are_read() -> None:
    rows = read_xlsx(packed(parts("".join(cell(f"A{number}", "x") for number in range(1, 4001)))))
    assert not isinstance(rows, Refusal)
    assert len(rows) == 3_000


@pytest.mark.parametrize(
    "data", [b"", b"Name,E-mail\r\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
def test_what_is_no_workbook_gets_a_kind_word(data: bytes) -> None:
    assert read_xlsx(data) == CANNOT_READ


def test_a_zip_of_something_else_gets_a_kind_word() -> None:
    assert read_xlsx(packed({"content.xml": "<x/>"})) == CANNOT_READ


def test_bombs_are_refused_before_they_are_laid_out() -> None:
    assert read_xlsx(packed(parts(cell("A1", "x" * 51 * 1024 * 1024)))) == FAR_TOO_MUCH
    assert read_xlsx(packed(parts(cell("A1", "x") + cell("XFD1048576", "y")))) == FAR_TOO_MUCH
    repeated = "".join(f'<row r="{number}"><c t="s"><v>0</v></c></row>' for number in range(1, 3000))
    assert read_xlsx(packed(parts(repeated, shared=f"<si><t>{'x' * 1_000_000}</t></si>"))) == FAR_TOO_MUCH


def test_an_archive_that_lies_about_its_sizes_is_not_believed() -> None:
    honest = packed(parts(cell("A1", "x" * 1_000_000)))
    archive = zipfile.ZipFile(io.BytesIO(honest))
    size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    assert read_xlsx(honest.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))) == CANNOT_READ


def test_a_mangled_workbook_is_read_or_refused_but_never_a_crash() -> None:
    random = Random(20261008)
    whole = packed(parts(PEOPLE, shared=SHARED))
    files = parts(PEOPLE, shared=SHARED)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(random.randint(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        assert isinstance(read_xlsx(bytes(data)), tuple | Refusal)
        name = random.choice(sorted(files))
        at = random.randrange(len(files[name]))
        text = (
            files[name][:at] + random.choice(["<", ">", '"', "&x;", "9", ""]) + files[name][at + random.randint(0, 9) :]
        )
        assert isinstance(read_xlsx(packed(files | {name: text})), tuple | Refusal)
