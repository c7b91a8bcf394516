"""The demo company's chat: one widget, shown by the make-believe shop (``simulator/shop.py``)."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import widgets
from channels.chat.models import Widget
from channels.chat.widgets import Fields, Texts, WidgetChange
from core.vault import Vault
from simulator.demo_people import COMPANY

_HUE: Final = 172
_WELCOME: Final = {
    "en": "Hello! Ask us about your appliance.",
    "hi": "नमस्ते! अपने उपकरण के बारे में हमसे पूछिए।",
    "mr": "नमस्कार! तुमच्या उपकरणाबद्दल आम्हाला विचारा.",
    "bn": "নমস্কার! আপনার যন্ত্র সম্পর্কে আমাদের জিজ্ঞাসা করুন।",
    "kn": "ನಮಸ್ಕಾರ! ನಿಮ್ಮ ಉಪಕರಣದ ಬಗ್ಗೆ ನಮ್ಮನ್ನು ಕೇಳಿ.",
}


async def fill(session: AsyncSession, secret: str) -> Widget:
    """Make the widget of the shop."""
    wanted = WidgetChange(
        name=COMPANY,
        origins=["http://localhost:*", "http://127.0.0.1:*"],
        hue=_HUE,
        texts={language: Texts(welcome=words) for language, words in _WELCOME.items()},
        fields=Fields(name="optional", email="optional"),
    )
    return await widgets.create(session, Vault(secret), wanted)
