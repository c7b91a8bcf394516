"""What the demo company's customers see: its brand."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

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


async def fill(session: AsyncSession) -> None:
    """Give a desk without brands the demo company's."""
    if await brands.list_brands(session):
        return
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
