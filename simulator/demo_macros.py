"""Macros of the demo company: plain texts (``simulator/demo.py`` makes HTML of them), and what some do to a ticket."""

from typing import Final

from automation.actions import Action, Assign, ChangeTags, SetPriority, SetStatus

DANGER_TAG: Final = "safety"
MACROS: Final = {
    "Ask for the serial number": (
        "Could you send me the serial number, please? It has two letters and eight digits and stands on the plate "
        "behind the lower drawer or inside the door.\n\nA photo of the plate is just as good."
    ),
    "Visit booked": (
        "A technician will come to you on the day we agreed. You will get a call half an hour before.\n\n"
        "Please keep a way of about one metre free around the appliance."
    ),
    "Visit missed, sorry": (
        "I am sorry that nobody came. I have asked the centre what happened and will call you today with a new time."
    ),
    "Safety first": (
        "Please switch the appliance off at the wall, pull the plug and do not use it until our technician has "
        "measured it. The visit is free of charge."
    ),
    "Part on order": (
        "The part that we need is not in stock at the moment. It has been ordered, and I will write to you as soon as "
        "it is here, at the latest in five working days."
    ),
    "Invoice attached": (
        "The invoice is attached. Should anything in it be wrong, answer to this mail and we correct it."
    ),
    "Refund sent": (
        "The refund has been sent to the account or card you paid with. Banks need up to five working days until it "
        "can be seen."
    ),
    "Warranty terms in short": (
        "All parts and visits are free for two years from the day of purchase, the compressor for ten. Glass, filters "
        "and damage from transport or power surges are not covered."
    ),
    "नमस्ते (हिन्दी)": "नमस्ते,\n\nआपका संदेश हमें मिल गया है। हम एक कामकाजी दिन के भीतर उत्तर देंगे।",
    "Anything else?": (
        "Is there anything else I can do for you? If not, I will close this request; you can open it again at any time "
        "by answering to this mail."
    ),
}
"""Name → text."""

ACTIONS: Final[dict[str, tuple[Action, ...]]] = {
    "Safety first": (Assign(me=True), SetPriority(value="urgent"), ChangeTags(add=(DANGER_TAG,))),
    "Visit missed, sorry": (Assign(me=True), SetPriority(value="high"), ChangeTags(add=("callback",))),
    "Part on order": (SetStatus(value="on_hold"), ChangeTags(add=("part-on-order",))),
    "Refund sent": (SetStatus(value="solved"), ChangeTags(add=("refund",))),
}
"""Name → what it does."""
