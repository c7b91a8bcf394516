import pytest

from core.db import Database, unit_of_work
from core.errors import Conflict, Invalid
from products import recalls, registering
from products.recalls import RecallInput, RecallWords
from tests.products import rows


async def test_ranges_of_serial_numbers_are_read_as_the_product_writes_them(db: Database, clock) -> None:
    """Both ends are included, an upside-down range or a foreign number is refused, the model alone means all."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        fridge, oven = await rows.product(session), await rows.product(session)
        for serial in ("TF000099", "TF000100", "TF000150", "TF000200", "TF000201", "TG000150"):
            await rows.register(session, fridge.id, asha, serial)
        await rows.register(session, oven.id, asha, "TF000150")
        gone = await rows.register(session, fridge.id, asha, "TF000160")
        await registering.end(session, gone.registration.id, "Scrapped")
        wanted = RecallInput(title="Cable", text="Pull it.", product_id=fridge.id, ranges=[("tf-000 1OO", "TF000200")])
        some = await recalls.save(session, wanted)
        assert some.ranges == [["TF000100", "TF000200"]]
        assert await recalls.count_matching(session, some) == 3
        whole = await recalls.save(session, RecallInput(title="All", text="Pull it.", product_id=fridge.id))
        assert await recalls.count_matching(session, whole) == 6
        for ranges in ([("TF000200", "TF000100")], [("TF1", "TF2")]):
            with pytest.raises(Invalid):
                await recalls.save(session, RecallInput(title="X", text="Y", product_id=fridge.id, ranges=ranges))


async def test_a_recall_that_was_started_stands(db: Database, clock) -> None:
    """Text and serial numbers of a running recall cannot be changed, it starts once, and only a running one is closed."""
    async with unit_of_work(db) as session:
        fridge = await rows.product(session)
        wanted = RecallInput(title="Cable", text="Pull it.", product_id=fridge.id)
        made = await recalls.save(session, wanted)
        with pytest.raises(Conflict):
            await recalls.close(session, made.id)
        await recalls.start(session, made.id)
        for forbidden in (recalls.start(session, made.id), recalls.save(session, wanted, made.id)):
            with pytest.raises(Conflict):
                await forbidden
        with pytest.raises(Invalid):
            await recalls.save(session, RecallInput(title=" ", text="Y", product_id=fridge.id))


async def test_a_recall_speaks_several_languages(db: Database, clock) -> None:
    """One that says nothing falls back to the desk's own; half of one, and one that no customer can have, are refused."""
    async with unit_of_work(db) as session:
        fridge = await rows.product(session)
        hindi = RecallWords("  गरम   तार ", "प्लग निकालें।\n")
        told = {"hi": hindi, "mr": RecallWords(" ", "")}
        made = await recalls.save(
            session, RecallInput(title="Cable", text="Pull it.", product_id=fridge.id, words=told)
        )
        assert made.words == {"hi": {"title": "गरम तार", "text": "प्लग निकालें।"}}
        assert recalls.words_in(made, "hi") == RecallWords("गरम तार", "प्लग निकालें।")
        assert recalls.words_in(made, "mr") == recalls.words_in(made, "en") == RecallWords("Cable", "Pull it.")
        for words, field in (
            ({"hi": RecallWords("गरम तार", " ")}, "words.hi.text"),
            ({"kn": RecallWords("", "ಪ್ಲಗ್")}, "words.kn.title"),
            ({"xx": hindi}, "words"),
        ):
            with pytest.raises(Invalid) as refused:
                await recalls.save(
                    session, RecallInput(title="Cable", text="Pull it.", product_id=fridge.id, words=words), made.id
                )
            assert refused.value.extra["errors"][0]["field"] == field
