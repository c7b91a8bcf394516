"""The demo company's help centre: some categories and articles, a few of them translated, one for signed-in readers.

Written through the product's own verbs, as agents write them, so search and events know of them as well.
"""

from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base import categories, publishing, writing
from knowledge_base.categories import CategoryChange
from knowledge_base.writing import Properties, Text

_SHELVES: Final = {
    "cooling": {"en": "Cooling and noise", "hi": "ठंडक और आवाज़", "mr": "गारवा आणि आवाज"},
    "installing": {"en": "Installing and moving", "hi": "लगाना और हटाना", "mr": "बसवणे आणि हलवणे"},
    "orders": {"en": "Orders and invoices", "hi": "ऑर्डर और बिल", "mr": "ऑर्डर आणि बिले"},
    "care": {"en": "Care", "hi": "देखभाल", "mr": "निगा"},
}


class _Story(NamedTuple):
    """An article: its shelf, who may read it, and its texts by language (title, summary, body)."""

    shelf: str
    texts: dict[str, tuple[str, str, str]]
    visibility: str = "public"


_COMPRESSOR: Final = """If the compressor starts, clicks twice and stops, the start relay is usually worn. You can check
this in five minutes without tools.

## Check the relay

1. Unplug the unit and wait ten minutes.
2. Open the lower rear cover and find the black box on the compressor.
3. Shake the box gently. A rattle means that the relay is worn.

> [!NOTE]
> Keep the door closed meanwhile. A full unit stays below 8 °C for about four hours.

## Book a repair

Units under warranty are repaired at no cost. [Send a repair request](/portal/requests/new?topic=repair).
"""
_COMPRESSOR_MR: Final = """कॉम्प्रेसर सुरू होऊन दोनदा टिक करून बंद पडत असेल, तर बहुतेक वेळा स्टार्ट रिले झिजलेला असतो. हे पाच
मिनिटांत, कोणत्याही अवजाराशिवाय तपासता येते.

## रिले तपासा

1. युनिटचा प्लग काढा आणि दहा मिनिटे थांबा.
2. खालचे मागचे झाकण उघडा आणि कॉम्प्रेसरवरचा काळा डबा शोधा.
3. डबा हलकेच हलवा. खडखड आवाज आला तर रिले झिजला आहे.

> [!NOTE]
> तोपर्यंत दार बंद ठेवा. भरलेले युनिट साधारण चार तास ८ °C च्या खाली राहते.

## दुरुस्ती ठरवा

वॉरंटीतील युनिटची दुरुस्ती विनामूल्य होते. [दुरुस्तीची विनंती पाठवा](/portal/requests/new?topic=repair).
"""
_ALARM: Final = """The alarm sounds when the temperature inside stays above the limit for longer than twenty minutes.
At night this happens most often because the door was opened late and much was put in at once.

## Find out why

| What the display shows | What it means |
|---|---|
| `AH` | It was too warm for a while, and is cold again. |
| `EH` | It is too warm now. |
| `E4` | The sensor gives no value: a technician has to come. |

## Set the limit

1. Press and hold **Set** for five seconds.
2. Choose `HL` with the arrows and press **Set** again.
3. Enter the limit. 9 °C suits drinks, 6 °C suits milk.

> [!WARNING]
> Do not switch the alarm off while food that spoils quickly is stored.
"""
_ALARM_HI: Final = """अंदर का तापमान बीस मिनट से ज़्यादा सीमा से ऊपर रहे तो अलार्म बजता है। रात में ऐसा अक्सर इसलिए होता
है कि देर से दरवाज़ा खोला गया और एक साथ बहुत सामान रखा गया।

## कारण पता करें

| डिस्प्ले पर | मतलब |
|---|---|
| `AH` | कुछ देर तक गरम था, अब फिर ठंडा है। |
| `EH` | अभी बहुत गरम है। |
| `E4` | सेंसर काम नहीं कर रहा: तकनीशियन को आना होगा। |

## सीमा तय करें

1. **Set** को पाँच सेकंड दबाए रखें।
2. तीर से `HL` चुनें और फिर **Set** दबाएँ।
3. सीमा डालें। पेय के लिए 9 °C, दूध के लिए 6 °C ठीक है।
"""
_MOVE: Final = """A unit that lay on its side must stand upright for a day before it is switched on, or the compressor
is damaged.

## Before the way

1. Empty the unit, switch it off and let it thaw for a night.
2. Fix the shelves and the door with tape that leaves no traces.

## In the new place

1. Leave 10 cm to the wall and 30 cm above.
2. Wait 24 hours, then switch it on empty.
3. Fill it when the display shows less than 6 °C.
"""
_SECOND: Final = """Each unit has a warranty of its own that begins with its registration.

1. Sign in and choose **Register a product**.
2. Enter the serial number. It stands on the plate at the back and starts with CU.
3. Add a photo of the bill.

You see at once until when the unit is covered.
"""
_INVOICE: Final = """Invoices are sent by e-mail on the day of delivery. If yours is lost, we send it again.

- Look into the folder for unwanted mail for a message from our billing.
- Otherwise [ask for a copy](/portal/requests/new?topic=payment) and name the order number.
"""
_FILTER: Final = """The filter keeps dust from the condenser. With a clogged one the unit needs up to a third more
power.

1. Pull the grille at the bottom towards you.
2. Take the filter out, knock off the dust, wash it with lukewarm water and let it dry.
3. Put it back and press the grille until it clicks.

Do this every three months, in dusty shops every month.
"""
_DEALERS: Final = """Dealers order spare parts with their customer number. Parts that are in stock leave the same day
when the order arrives before two o'clock.
"""
_STORIES: Final = (
    _Story(
        "cooling",
        {
            "en": ("Compressor starts and stops", "Check the relay in five minutes, then book a repair.", _COMPRESSOR),
            "mr": ("कॉम्प्रेसर सुरू होऊन बंद पडतो", "पाच मिनिटांत स्टार्ट रिले तपासा, मग दुरुस्ती ठरवा.", _COMPRESSOR_MR),
        },
    ),
    _Story(
        "cooling",
        {
            "en": ("The temperature alarm sounds at night", "Why the alarm comes on and how to set the limit.", _ALARM),
            "hi": ("रात में तापमान का अलार्म बजता है", "अलार्म क्यों बजता है और सीमा कैसे तय करें।", _ALARM_HI),
        },
    ),
    _Story("installing", {"en": ("Move a unit to another shop", "How to carry it, and how long it must rest.", _MOVE)}),
    _Story("installing", {"en": ("Register a second unit", "Each unit has a warranty of its own.", _SECOND)}),
    _Story("orders", {"en": ("Get a copy of an invoice", "Where invoices are, and how to get one again.", _INVOICE)}),
    _Story("care", {"en": ("Change the filter", "Every three months, without tools.", _FILTER)}),
    _Story("orders", {"en": ("Spare parts for dealers", "How dealers order.", _DEALERS)}, "signed_in"),
)  # fmt: skip


async def fill(session: AsyncSession) -> None:
    """Write the articles of a desk that has none; the unit of work is the system's, which may publish alone."""
    if await categories.every(session):
        return
    shelves = {
        slug: (await categories.create(session, CategoryChange(names=names, slug=slug))).id
        for slug, names in _SHELVES.items()
    }
    for story in _STORIES:
        await _write(session, story, shelves[story.shelf])


async def _write(session: AsyncSession, story: _Story, category_id: int) -> None:
    made = None
    for locale, (title, summary, body) in story.texts.items():
        content = Text(title=title, summary=summary, body=body)
        if made is None:
            about = Properties(category_id=category_id, visibility=story.visibility)
            made = await writing.create(session, locale, content, about)
        else:
            await writing.translate(session, made.id, locale, content)
        found = await writing.get_translation(session, made.id, locale)
        if found.working_version_id is not None:
            await publishing.approve(session, made.id, locale, found.working_version_id, confirms=True)
