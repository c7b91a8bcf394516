import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from core.events import EventRow
from customers.models import Customer
from products import catalogue, importing, orders
from products.importing import Kind, Result
from products.models import Order, Product, Registration
from tests.products import rows

CATALOGUE = """sku,name,family,serial_masks,serial_example,sold_from,name_hi,article_tags
TF-260,TF-260 Frost,fridge,@@######,TF123456,2020-01-01,टीएफ-260 फ़्रॉस्ट,fridge|frost
TM-20,TM-20 Solo,oven,TM######,TM000001,,,
"""
REGISTRATIONS = """external_id;sku;serial;customer_email;customer_name;purchased_on;registered_on
R1;TF-260;tf 100001;asha@customer.example;Asha Rao;15/01/2026;2026-01-20
R2;TF-260;TF10;asha@customer.example;Asha Rao;2026-01-15;
R3;TF-999;TF100003;asha@customer.example;Asha Rao;2026-01-15;
R4;TF-260;TF100004;nobody;;2026-02-31;
R5;TM-20;TMOOOOO5;bina@customer.example;Bina Das;2026-02-01;
"""
ORDERS = """external_id,customer_email,ordered_on,text,quantity,unit_price,status,payment_status
TO-1,asha@customer.example,2026-02-27,Fridge,1,"27,990.00",shipped,paid
TO-1,asha@customer.example,2026-02-27,Cable,2,499,shipped,paid
TO-2,bina@customer.example,27.02.2026,Oven,1,6990.5,placed,unpaid
TO-3,bina@customer.example,2026-02-27,Oven,many,1.005,placed,unpaid
"""


async def run(db: Database, kind: Kind, text: str, *, dry_run: bool = False) -> Result:
    """Import a file in one unit of work."""
    async with unit_of_work(db) as session:
        return await importing.take(session, kind, importing.read(kind, text.encode()), dry_run=dry_run)


def counts(result: Result) -> tuple[int, int, int, int]:
    """Created, changed, unchanged, failed."""
    return result.created, result.changed, result.unchanged, result.failed


async def number_of(db: Database, *models: type) -> list[int]:
    """Rows of some tables."""
    async with reading(db) as session:
        return [await session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


async def test_the_same_file_again_changes_nothing(db: Database, clock) -> None:
    """New rows once; the second time all are as before; a changed cell is one change."""
    assert counts(await run(db, "catalogue", CATALOGUE)) == (2, 0, 0, 0)
    assert counts(await run(db, "catalogue", CATALOGUE)) == (0, 0, 2, 0)
    assert counts(await run(db, "catalogue", CATALOGUE.replace("TM-20 Solo", "TM-20 Duo"))) == (0, 1, 1, 0)
    async with reading(db) as session:
        fridge = await catalogue.find_by_sku(session, "TF-260")
        assert fridge is not None
        assert (fridge.names["hi"], fridge.article_tags, fridge.sold_from) == (
            "टीएफ-260 फ़्रॉस्ट", ["fridge", "frost"], date(2020, 1, 1)
        )  # fmt: skip


async def test_a_dry_run_says_everything_and_does_nothing(db: Database, clock) -> None:
    """The same numbers and complaints as the real one, and no row, customer or event is left."""
    await run(db, "catalogue", CATALOGUE)
    tables = (Registration, Customer, EventRow)
    before = await number_of(db, *tables)
    tried = await run(db, "registrations", REGISTRATIONS, dry_run=True)
    assert await number_of(db, *tables) == before
    real = await run(db, "registrations", REGISTRATIONS)
    assert counts(tried) == counts(real) == (2, 0, 0, 3)
    assert tried.problems == real.problems


async def test_wrong_rows_are_told_by_line_and_field_and_can_be_corrected(db: Database, clock) -> None:
    """The others go in; the file of errors, corrected, is imported as it is."""
    await run(db, "catalogue", CATALOGUE)
    done = await run(db, "registrations", REGISTRATIONS)
    assert [(each.line, each.field) for each in done.problems] == [(3, "serial"), (4, "sku"), (5, "customer_email")]
    async with reading(db) as session:
        found = (await session.scalars(select(Registration).order_by(Registration.external_id))).all()
        assert [(each.external_id, each.serial, each.purchased_on) for each in found] == [
            ("R1", "TF100001", date(2026, 1, 15)),
            ("R5", "TM000005", date(2026, 2, 1)),
        ]
        assert found[0].registered_at.date() == date(2026, 1, 20)
        assert await session.scalar(select(func.count()).select_from(Customer)) == 2
    wrong = importing.errors_file("registrations", done.problems)
    assert "line 3: serial: This has 4 characters" in wrong
    right = wrong.replace("TF10,", "TF100002,").replace("TF-999", "TF-260").replace("nobody", "bina@customer.example")
    again = await run(db, "registrations", right.replace("2026-02-31", "2026-02-28"))
    assert counts(again) == (3, 0, 0, 0)
    assert counts(await run(db, "registrations", REGISTRATIONS)) == (0, 0, 2, 3)


async def test_an_order_has_a_row_for_each_line(db: Database, clock) -> None:
    """Rows of one order belong together; amounts are read with Indian grouping; wrong numbers are told."""
    done = await run(db, "orders", ORDERS)
    assert counts(done) == (2, 0, 0, 1)
    assert [(each.line, each.field) for each in done.problems] == [(5, "quantity")]
    async with reading(db) as session:
        one, two = [await orders.by_external_id(session, name) for name in ("TO-1", "TO-2")]
        assert (len(one.lines), one.total, two.total) == (2, 28_988_00, 6_990_50)
    assert counts(await run(db, "orders", ORDERS)) == (0, 0, 2, 1)
    assert counts(await run(db, "orders", ORDERS.replace("shipped", "delivered"))) == (0, 1, 1, 1)
    assert await number_of(db, Order) == [2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"sku,title\nA,B\n", "Columns are missing: name."),
        (b"sku,name,colour\nA,B,red\n", "Columns are not known: colour."),
        ("sku,name\nA,Café\n".encode("latin-1"), "not in UTF-8"),
        (b'sku,name\nA,"B\n', "cannot be read near line"),
        (b"", "Columns are missing: sku, name."),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, words: str) -> None:
    """Before any row is looked at, in a sentence."""
    with pytest.raises(Invalid, match=words):
        importing.read("catalogue", content)


async def test_a_serial_number_of_somebody_else_is_a_wrong_row(db: Database, clock) -> None:
    """An import never takes a product away from anybody, and opens no claim."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        made = await rows.product(session, sku="TF-260")
        await rows.register(session, made.id, asha, "TF100001")
    stolen = REGISTRATIONS.splitlines()[0] + "\nR9;TF-260;TF100001;bina@customer.example;Bina;2026-01-15;\n"
    done = await run(db, "registrations", stolen)
    assert [each.message for each in done.problems] == ["Somebody else has registered this serial number."]
    assert await number_of(db, Registration, Product) == [1, 1]


def test_a_spreadsheet_runs_nothing_from_the_file_of_errors() -> None:
    """A cell that begins like a formula gets an apostrophe."""
    problem = importing.Problem(line=2, field="sku", message="No.", row={"sku": "=cmd|' /C calc'!A0", "name": "x"})
    assert "'=cmd" in importing.errors_file("catalogue", [problem])


def test_the_command_imports_and_says_by_its_exit_code_whether_a_row_was_wrong(tmp_path: Path) -> None:
    """A file with a wrong row: the right ones go in, the wrong one is in the file of errors, and the code is 1."""
    file, wrong = tmp_path / "catalogue.csv", tmp_path / "wrong.csv"
    file.write_text("sku,name,serial_masks,serial_example\nA,Lamp,,\nB,Oven,@@##,X\n")
    asked = [sys.executable, "-m", "sampark", "products", "import", "catalogue", str(file), "--json"]
    around = os.environ | {"SAMPARK_DATA": str(tmp_path / "data")}
    first = subprocess.run([*asked, "--errors", str(wrong)], capture_output=True, text=True, check=False, env=around)
    assert (first.returncode, json.loads(first.stdout)["created"]) == (1, 1), first.stderr
    file.write_text(wrong.read_text().replace(",X,", ",AB12,"))
    second = subprocess.run(asked, capture_output=True, text=True, check=False, env=around)
    assert (second.returncode, json.loads(second.stdout)["created"]) == (0, 1), second.stderr


def test_the_command_names_its_kinds() -> None:
    """A wrong kind is refused with those that there are."""
    asked = [sys.executable, "-m", "sampark", "products", "import", "people", __file__]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'catalogue', 'registrations', 'orders'" in done.stderr
