"""What the demo company's customers see: its brand, and what its request form asks about."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels.web import topics
from channels.web.fields import YES, Condition, Field, Option
from channels.web.topics import TopicDraft
from core import brands
from core.i18n import NAMES
from simulator.demo_people import COMPANY

_QUESTION: Final = {
    "en": "How can we help with your appliance?",
    "hi": "आपके उपकरण के लिए हम क्या मदद करें?",
    "mr": "तुमच्या उपकरणासाठी आम्ही कशी मदत करू?",
    "bn": "আপনার যন্ত্রের জন্য আমরা কীভাবে সাহায্য করতে পারি?",
    "kn": "ನಿಮ್ಮ ಉಪಕರಣಕ್ಕೆ ನಾವು ಹೇಗೆ ಸಹಾಯ ಮಾಡಬಹುದು?",
}
_DESCRIPTION: Final = {
    "en": "Answers, repairs and warranty for kitchen and home appliances of Tuhinara.",
    "hi": "तुहिनारा के घरेलू उपकरणों के लिए उत्तर, मरम्मत और वारंटी।",
    "mr": "तुहिनाराच्या घरगुती उपकरणांसाठी उत्तरे, दुरुस्ती आणि वॉरंटी.",
    "bn": "তুহিনারার গৃহস্থালি যন্ত্রের জন্য উত্তর, মেরামত ও ওয়ারেন্টি।",
    "kn": "ತುಹಿನಾರಾ ಗೃಹೋಪಯೋಗಿ ಉಪಕರಣಗಳಿಗೆ ಉತ್ತರಗಳು, ದುರಸ್ತಿ ಮತ್ತು ವಾರಂಟಿ.",
}
_HUE: Final = 172


_REPAIR: Final = (
    Field(key="product", kind="product", names={"en": "Which of your products?", "hi": "आपका कौन-सा उत्पाद?"}),
    Field(
        key="fault",
        kind="choice",
        names={"en": "What does it do?", "hi": "वह क्या करता है?", "mr": "ते काय करते?"},
        options=[
            Option("dead", {"en": "It does not start", "hi": "चालू नहीं होता", "mr": "सुरू होत नाही"}),
            Option("noise", {"en": "It makes a noise", "hi": "आवाज़ करता है", "mr": "आवाज करते"}),
            Option("leak", {"en": "It leaks", "hi": "टपकता है", "mr": "गळते"}),
            Option("error", {"en": "It shows an error code", "hi": "त्रुटि कोड दिखाता है", "mr": "त्रुटी कोड दाखवते"}),
            Option("other", {"en": "Something else", "hi": "कुछ और", "mr": "दुसरे काही"}),
        ],
        is_required=True,
    ),
    Field(
        key="code",
        kind="text",
        names={"en": "Which error code?", "hi": "कौन-सा त्रुटि कोड?", "mr": "कोणता त्रुटी कोड?"},
        hints={"en": "It stands on the display, for instance E4.", "hi": "वह डिस्प्ले पर लिखा होता है, जैसे E4।"},
        is_required=True,
        shown_when=Condition("fault", ["error"]),
    ),
    Field(key="since", kind="date", names={"en": "Since when?", "hi": "कब से?", "mr": "केव्हापासून?"}),
)
_ORDER: Final = (
    Field(
        key="number",
        kind="text",
        names={"en": "Order number", "hi": "ऑर्डर नंबर", "mr": "ऑर्डर क्रमांक"},
        hints={"en": "It stands in the e-mail that confirmed the order.", "hi": "वह ऑर्डर की पुष्टि वाले ई-मेल में है।"},
    ),
    Field(key="damaged", kind="checkbox", names={"en": "The parcel is damaged", "hi": "पार्सल टूटा हुआ है"}),
    Field(
        key="photo",
        kind="file",
        names={"en": "Photo of the parcel", "hi": "पार्सल की तस्वीर"},
        shown_when=Condition("damaged", [YES]),
    ),
)


async def _topics(session: AsyncSession) -> None:
    asked = {"repair": _REPAIR, "order": _ORDER}
    for topic in topics.of_product():
        if topic.key in asked:
            draft = TopicDraft(key=topic.key, names=topic.names, position=topic.position, fields=asked[topic.key])
            await topics.change(session, topic.key, draft)


async def fill(session: AsyncSession) -> None:
    """Give a desk without brands the demo company's, and its topics."""
    if await brands.list_brands(session):
        return
    await _topics(session)
    own = brands.Draft(
        host="",
        name=COMPANY,
        hue=_HUE,
        default_language="en",
        languages=list(NAMES),
        question=_QUESTION,
        description=_DESCRIPTION,
    )
    await brands.create(session, own)
