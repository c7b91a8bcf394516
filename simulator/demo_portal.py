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


def _five(en: str, hi: str, mr: str, bn: str, kn: str) -> dict[str, str]:
    return {"en": en, "hi": hi, "mr": mr, "bn": bn, "kn": kn}


_REPAIR: Final = (
    Field(
        key="product",
        kind="product",
        names=_five(
            "Which of your products?",
            "आपका कौन-सा उत्पाद?",
            "तुमचे कोणते उत्पादन?",
            "আপনার কোন পণ্যটি?",
            "ನಿಮ್ಮ ಯಾವ ಉತ್ಪನ್ನ?",
        ),
    ),
    Field(
        key="fault",
        kind="choice",
        names=_five("What does it do?", "वह क्या करता है?", "ते काय करते?", "সেটির কী হচ্ছে?", "ಅದು ಏನು ಮಾಡುತ್ತಿದೆ?"),
        options=[
            Option(
                "dead",
                _five("It does not start", "चालू नहीं होता", "सुरू होत नाही", "চালু হচ্ছে না", "ಆನ್ ಆಗುತ್ತಿಲ್ಲ"),
            ),
            Option("noise", _five("It makes a noise", "आवाज़ करता है", "आवाज करते", "শব্দ করছে", "ಸದ್ದು ಮಾಡುತ್ತಿದೆ")),
            Option("leak", _five("It leaks", "टपकता है", "गळते", "জল পড়ছে", "ಸೋರುತ್ತಿದೆ")),
            Option(
                "error",
                _five(
                    "It shows an error code",
                    "त्रुटि कोड दिखाता है",
                    "त्रुटी कोड दाखवते",
                    "ত্রুটির কোড দেখাচ্ছে",
                    "ದೋಷ ಸಂಕೇತ ತೋರಿಸುತ್ತಿದೆ",
                ),
            ),
            Option("other", _five("Something else", "कुछ और", "दुसरे काही", "অন্য কিছু", "ಬೇರೆ ಏನೋ")),
        ],
        is_required=True,
    ),
    Field(
        key="code",
        kind="text",
        names=_five("Which error code?", "कौन-सा त्रुटि कोड?", "कोणता त्रुटी कोड?", "কোন ত্রুটির কোড?", "ಯಾವ ದೋಷ ಸಂಕೇತ?"),
        hints=_five(
            "It stands on the display, for instance E4.",
            "वह डिस्प्ले पर लिखा होता है, जैसे E4।",
            "तो डिस्प्लेवर दिसतो, उदाहरणार्थ E4.",
            "সেটি ডিসপ্লেতে দেখা যায়, যেমন E4।",
            "ಅದು ಡಿಸ್‌ಪ್ಲೇಯಲ್ಲಿ ಕಾಣುತ್ತದೆ, ಉದಾಹರಣೆಗೆ E4.",
        ),
        is_required=True,
        shown_when=Condition("fault", ["error"]),
    ),
    Field(
        key="since",
        kind="date",
        names=_five("Since when?", "कब से?", "केव्हापासून?", "কবে থেকে?", "ಯಾವಾಗಿನಿಂದ?"),
    ),
)
_ORDER: Final = (
    Field(
        key="number",
        kind="text",
        names=_five("Order number", "ऑर्डर नंबर", "ऑर्डर क्रमांक", "অর্ডার নম্বর", "ಆರ್ಡರ್ ಸಂಖ್ಯೆ"),
        hints=_five(
            "It stands in the e-mail that confirmed the order.",
            "वह ऑर्डर की पुष्टि वाले ई-मेल में है।",
            "तो ऑर्डरची खात्री देणाऱ्या ई-मेलमध्ये आहे.",
            "অর্ডার নিশ্চিত করার ই-মেইলে সেটি আছে।",
            "ಆರ್ಡರ್ ದೃಢೀಕರಿಸಿದ ಇ-ಮೇಲ್‌ನಲ್ಲಿ ಅದು ಇದೆ.",
        ),
    ),
    Field(
        key="damaged",
        kind="checkbox",
        names=_five(
            "The parcel is damaged",
            "पार्सल टूटा हुआ है",
            "पार्सल खराब झाले आहे",
            "পার্সেলটি ক্ষতিগ্রস্ত",
            "ಪಾರ್ಸೆಲ್ ಹಾಳಾಗಿದೆ",
        ),
    ),
    Field(
        key="photo",
        kind="file",
        names=_five(
            "Photo of the parcel",
            "पार्सल की तस्वीर",
            "पार्सलचा फोटो",
            "পার্সেলের ছবি",
            "ಪಾರ್ಸೆಲ್‌ನ ಚಿತ್ರ",
        ),
        shown_when=Condition("damaged", [YES]),
    ),
)


FIELDS: Final = {"repair": _REPAIR, "order": _ORDER}
"""Topic → what its request form asks."""


async def _topics(session: AsyncSession) -> None:
    for topic in topics.of_product():
        if topic.key in FIELDS:
            draft = TopicDraft(key=topic.key, names=topic.names, position=topic.position, fields=FIELDS[topic.key])
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
