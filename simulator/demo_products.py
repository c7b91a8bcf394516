"""What the demo company sells: catalogue, warranty rules, registered products, orders, a claim and a recall.

Serial numbers that customers name in their mails are registered to them, so that a ticket and its product agree; the
ticket has its entitlement frozen as of the day on which it was opened.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import Storage
from products import catalogue, days, entitlement, warranty
from products.entitlement import Cover
from products.models import (
    EntitlementPriority,
    Order,
    OrderLine,
    Ownership,
    OwnershipClaim,
    Product,
    Proof,
    Recall,
    RecallCase,
    Registration,
    WarrantyExtension,
    WarrantyRule,
)
from products.warranty import Extension, Facts, Rule
from simulator.demo_draws import draws
from simulator.demo_files import paper
from simulator.demo_people import DemoCustomer
from simulator.demo_talk import LANGUAGES, MODELS, book

REGISTRATIONS: Final = 250
COUNTRY: Final = "IN"
RECALLED: Final = "TW-80"
_SERIAL: Final = re.compile(r"\b[A-HJ-NP][ACDEFHKMNRT]\d{8}\b")
_PRICES: Final = {
    "fridge": 32_990, "washer": 27_490, "ac": 41_990, "purifier": 14_499, "oven": 9_990, "geyser": 7_499,
    "chimney": 16_990,
}  # fmt: skip
_SHOPS: Final = ("Khanna Electronics", "Shree Traders", "tara.example", "Deshmukh & Sons", "City Appliances", "")
_PLACES: Final = {
    "fridge": {
        "en": "Inside, on the left wall above the vegetable drawer.",
        "hi": "अंदर बाईं दीवार पर, सब्ज़ी की दराज़ के ऊपर।",
        "mr": "आत डाव्या भिंतीवर, भाज्यांच्या खणाच्या वर.",
        "bn": "ভেতরে বাঁ দিকের দেয়ালে, সবজির ড্রয়ারের উপরে।",
        "kn": "ಒಳಗೆ ಎಡಗೋಡೆಯ ಮೇಲೆ, ತರಕಾರಿ ಡ್ರಾಯರ್‌ನ ಮೇಲೆ.",
    },
    "washer": {
        "en": "On the frame behind the door.",
        "hi": "दरवाज़े के पीछे फ़्रेम पर।",
        "mr": "दाराच्या मागे चौकटीवर.",
        "bn": "দরজার পেছনে ফ্রেমের উপরে।",
        "kn": "ಬಾಗಿಲಿನ ಹಿಂದೆ ಚೌಕಟ್ಟಿನ ಮೇಲೆ.",
    },
    "ac": {
        "en": "On the right side of the indoor unit.",
        "hi": "अंदर की इकाई के दाईं ओर।",
        "mr": "आतील युनिटच्या उजव्या बाजूला.",
        "bn": "ভেতরের ইউনিটের ডান পাশে।",
        "kn": "ಒಳಾಂಗಣ ಘಟಕದ ಬಲಬದಿಯಲ್ಲಿ.",
    },
    "purifier": {
        "en": "On the back, beside the water inlet.",
        "hi": "पीछे, पानी के प्रवेश के पास।",
        "mr": "मागे, पाणी आत येण्याच्या जागेजवळ.",
        "bn": "পেছনে, জল ঢোকার নলের পাশে।",
        "kn": "ಹಿಂಭಾಗದಲ್ಲಿ, ನೀರು ಒಳಬರುವ ಕೊಳವೆಯ ಪಕ್ಕದಲ್ಲಿ.",
    },
    "oven": {
        "en": "On the back, below the air outlet.",
        "hi": "पीछे, हवा निकलने की जगह के नीचे।",
        "mr": "मागे, हवा बाहेर पडण्याच्या जागेखाली.",
        "bn": "পেছনে, হাওয়া বেরোনোর জায়গার নিচে।",
        "kn": "ಹಿಂಭಾಗದಲ್ಲಿ, ಗಾಳಿ ಹೊರಹೋಗುವ ಜಾಗದ ಕೆಳಗೆ.",
    },
    "geyser": {
        "en": "On the lower cover, beside the thermostat.",
        "hi": "नीचे के ढक्कन पर, थर्मोस्टैट के पास।",
        "mr": "खालच्या झाकणावर, थर्मोस्टॅटजवळ.",
        "bn": "নিচের ঢাকনায়, থার্মোস্ট্যাটের পাশে।",
        "kn": "ಕೆಳಗಿನ ಮುಚ್ಚಳದ ಮೇಲೆ, ಥರ್ಮೋಸ್ಟಾಟ್ ಪಕ್ಕದಲ್ಲಿ.",
    },
    "chimney": {
        "en": "Inside, behind the filter.",
        "hi": "अंदर, फ़िल्टर के पीछे।",
        "mr": "आत, फिल्टरच्या मागे.",
        "bn": "ভেতরে, ফিল্টারের পেছনে।",
        "kn": "ಒಳಗೆ, ಫಿಲ್ಟರ್‌ನ ಹಿಂದೆ.",
    },
}
"""Where the plate is: family → language → words."""
_CASES: Final = ("done", "done", "answered", "mailed", "mailed", "mailed", "to_contact", "unreachable")
_AGES: Final = (20, 60, 150, 300, 420, 640, 690, 760, 1100, 1500)
"""Days since the purchase, at least; a month later none has come to an end of cover, however long the months were."""
_NOTES: Final = {
    "done": "Hose replaced at home.",
    "answered": "Wants a visit on a Saturday.",
    "unreachable": "The mail came back. Call.",
}


RECALL_WORDS: Final = {
    "en": {
        "title": "Drain hose of TW-80 washing machines",
        "text": (
            "The drain hose can come loose and let water out. Please close the tap after each wash. We replace the "
            "hose at your home, free of charge, whatever the age of the machine."
        ),
    },
    "hi": {
        "title": "TW-80 वॉशिंग मशीन का ड्रेन पाइप",
        "text": (
            "ड्रेन पाइप ढीला होकर निकल सकता है और पानी बह सकता है। कृपया हर धुलाई के बाद नल बंद कर दें। हम आपके घर आकर पाइप "
            "मुफ़्त में बदलते हैं, मशीन चाहे कितनी भी पुरानी हो।"
        ),
    },
    "mr": {
        "title": "TW-80 वॉशिंग मशीनचा ड्रेन पाइप",
        "text": (
            "ड्रेन पाइप सैल होऊन निघू शकतो आणि पाणी बाहेर येऊ शकते. कृपया प्रत्येक धुलाईनंतर नळ बंद करा. मशीन कितीही जुनी असली, "
            "तरी आम्ही तुमच्या घरी येऊन पाइप मोफत बदलून देतो."
        ),
    },
    "bn": {
        "title": "TW-80 ওয়াশিং মেশিনের ড্রেন পাইপ",
        "text": (
            "ড্রেন পাইপ আলগা হয়ে খুলে গিয়ে জল বেরোতে পারে। অনুগ্রহ করে প্রতিবার কাচার পরে কল বন্ধ করুন। মেশিন যত পুরোনোই হোক, "
            "আমরা আপনার বাড়িতে এসে বিনামূল্যে পাইপ বদলে দিই।"
        ),
    },
    "kn": {
        "title": "TW-80 ವಾಷಿಂಗ್ ಮಷಿನ್‌ನ ಡ್ರೇನ್ ಪೈಪ್",
        "text": (
            "ಡ್ರೇನ್ ಪೈಪ್ ಸಡಿಲವಾಗಿ ಕಳಚಿ ನೀರು ಹೊರಬರಬಹುದು. ದಯವಿಟ್ಟು ಪ್ರತಿ ಬಾರಿ ಬಟ್ಟೆ ಒಗೆದ ನಂತರ ನಲ್ಲಿಯನ್ನು ಮುಚ್ಚಿ. ಮಷಿನ್ ಎಷ್ಟೇ ಹಳೆಯದಾಗಿದ್ದರೂ ನಾವು "
            "ನಿಮ್ಮ ಮನೆಗೆ ಬಂದು ಪೈಪ್ ಅನ್ನು ಉಚಿತವಾಗಿ ಬದಲಾಯಿಸುತ್ತೇವೆ."
        ),
    },
}


class Seeding:
    """Writes the products of the demo.

    Args:
        session: the unit of work of the demo.
        storage: where proofs go.
        now: the instant that everything is relative to.
        people: the demo's customers, with their ids.
    """

    def __init__(self, session: AsyncSession, storage: Storage, now: datetime, people: Sequence[DemoCustomer]) -> None:
        self._session = session
        self._storage = storage
        self._now = now
        self._people = people
        self._rng = draws("products")
        self._products: dict[str, Product] = {}
        self._rules: list[Rule] = []
        self._used: set[tuple[int, str]] = set()

    async def fill(self, tickets: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> int:
        """Write everything.

        Args:
            tickets: rows of the demo's tickets.
            messages: rows of their messages.

        Returns:
            How many products are registered.
        """
        await self._catalogue()
        named = list(self._named(tickets, messages))
        made = [self._registration(owner, model, serial, before) for _, owner, model, serial, before in named]
        while len(made) < REGISTRATIONS:
            made.append(self._registration(self._owner().id, self._model(), self._serial(), self._now))
        self._session.add_all(made)
        await self._session.flush()
        await self._extensions(made)
        self._session.add_all(
            Ownership(
                registration_id=each.id, customer_id=each.customer_id, how="registered", from_at=each.registered_at
            )
            for each in made
        )
        await self._tickets(tickets, [(number, one) for (number, *_), one in zip(named, made, strict=False)])
        await self._orders(made)
        await self._claim(made)
        await self._recall(made)
        return len(made)

    async def _catalogue(self) -> None:
        since = self._now - timedelta(days=900)
        for family, models in MODELS.items():
            for place, model in enumerate(models):
                names = {code: book(code).products[family][0] for code in LANGUAGES if family in book(code).products}
                product = Product(
                    sku=model.partition(" ")[0],
                    name=f"{model} {names['en']}",
                    names={code: f"{model} {word}" for code, word in names.items() if code != "en"},
                    family=family,
                    serial_masks="@@########",
                    serial_example=f"{'ABCDEFGH'[place]}{'ACDEFHKM'[place]}{26_040_117 + place * 1311}",
                    serial_place=_PLACES[family]["en"],
                    serial_places={code: words for code, words in _PLACES[family].items() if code != "en"},
                    article_tags=[family],
                    sold_from=date(self._now.year - 7, 1, 1),
                    is_active=True,
                    version=1,
                    created_at=since,
                )
                self._products[model] = product
        self._session.add_all(self._products.values())
        rules = [
            {"name": "Tara warranty", "months": 12, "covers": "Parts and labour"},
            {"name": "Tara warranty India", "months": 24, "country": COUNTRY, "covers": "Parts and labour"},
            {
                "name": "Washing machines, registered within 30 days", "months": 36, "country": COUNTRY,
                "family": "washer", "register_within_days": 30, "covers": "Parts and labour; motor 10 years",
            },
            {"name": "Water heaters India", "months": 60, "country": COUNTRY, "family": "geyser", "covers": "Tank"},
        ]  # fmt: skip
        rows = [WarrantyRule(starts_from="purchase", is_active=True, created_at=since, **each) for each in rules]
        self._session.add_all(rows)
        self._session.add(EntitlementPriority(state="contract", priority="high"))
        await self._session.flush()
        self._rules = catalogue.as_rules(rows)

    def _named(
        self, tickets: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]
    ) -> Iterator[tuple[int, int, str, str, datetime]]:
        """(ticket, owner, model, serial number, opened at) of tickets whose customer names both."""
        said: dict[int, str] = {}
        for message in messages:
            if message["kind"] == "customer":
                said[message["ticket_id"]] = f"{said.get(message['ticket_id'], '')}\n{message['text']}"
        found = 0
        for ticket in sorted(tickets, key=lambda row: row["id"], reverse=True):
            words = f"{ticket['subject']}\n{said.get(ticket['id'], '')}"
            serial, model = _SERIAL.search(words), self._meant(words)
            if serial is None or model is None or found >= REGISTRATIONS * 3 // 5:
                continue
            found += 1
            yield ticket["id"], ticket["customer_id"], model, serial[0], ticket["created_at"]

    def _meant(self, words: str) -> str | None:
        """The model that a customer names, or one of the kind of which she speaks; None when she says neither."""
        named = next((each for each in self._products if each in words), None)
        if named is not None:
            return named
        spoken = words.casefold()
        for language in LANGUAGES:
            for family, names in book(language).products.items():
                if any(name.casefold() in spoken for name in names if len(name) > 3):
                    return self._rng.choice(MODELS[family])
        return None

    def _owner(self) -> DemoCustomer:
        return self._rng.choice(self._people)

    def _model(self) -> str:
        return self._rng.choice([*self._products, RECALLED + " Front", RECALLED + " Front"])

    def _serial(self) -> str:
        letters = self._rng.choice("ABCDEFGHJKLMNP") + self._rng.choice("ACDEFHKMNRT")
        return f"{letters}{self._rng.randrange(10**8):08}"

    def _registration(self, owner: int, model: str, serial: str, before: datetime) -> Registration:
        product = self._products[model]
        while (product.id, serial) in self._used:
            serial = self._serial()
        self._used.add((product.id, serial))
        age = self._rng.choice(_AGES) + self._rng.randrange(30)
        bought = (before - timedelta(days=age)).date()
        late = min(self._rng.choice((1, 3, 8, 20, 45)), age - 1)
        registered = datetime.combine(bought, time(9, 30), UTC) + timedelta(days=late)
        made = Registration(
            product_id=product.id,
            customer_id=owner,
            serial=serial,
            country=COUNTRY,
            purchased_on=bought,
            registered_at=registered,
            seller=self._rng.choice(_SHOPS),
            source=self._rng.choice(("portal", "portal", "import", "agent")),
            version=1,
            created_at=registered,
        )
        self._cover(made, product, [])
        return made

    def _cover(self, made: Registration, product: Product, given: list[Extension]) -> None:
        facts = Facts(
            product_id=product.id,
            family=product.family,
            country=made.country,
            purchased_on=made.purchased_on,
            registered_on=days.last_to_end(made.country, made.registered_at),
        )
        found = warranty.compute(self._rules, facts, given)
        made.warranty_rule_id, made.warranty_name, made.warranty_covers = found.rule_id, found.name, found.covers
        made.warranty_from, made.warranty_until = found.starts_on, found.until
        made.contract_until, made.covered_until = found.contract_until, found.contract_until or found.until
        made.warranty_reason = found.reason

    async def _extensions(self, made: list[Registration]) -> None:
        by_id = {product.id: product for product in self._products.values()}
        for one in self._rng.sample(made, REGISTRATIONS // 8):
            kind = self._rng.choice(("bought", "bought", "granted"))
            months = self._rng.choice((12, 24)) if kind == "bought" else 3
            reason = "Tara Care plan" if kind == "bought" else "Repaired twice within a year"
            self._session.add(
                WarrantyExtension(
                    registration_id=one.id, kind=kind, months=months, reason=reason, created_at=one.registered_at
                )
            )
            self._cover(one, by_id[one.product_id], [Extension("bought" if kind == "bought" else "granted", months)])
        await self._session.flush()

    async def _tickets(self, tickets: Sequence[dict[str, Any]], pairs: list[tuple[int, Registration]]) -> None:
        """Link tickets with their products, the entitlement frozen as of the day on which they were opened."""
        opened = {ticket["id"]: ticket["created_at"] for ticket in tickets}
        names = {product.id: product.name for product in self._products.values()}
        update = text(
            "update tickets set registration_id = :registration, entitlement = :state, entitlement_reason = :reason, "
            "entitlement_until = :until where id = :ticket"
        )
        for number, one in pairs:
            cover = Cover(
                country=one.country,
                warranty_until=one.warranty_until,
                contract_until=one.contract_until,
                warranty_reason=one.warranty_reason,
            )
            found = entitlement.judge(cover, f"{names[one.product_id]} ({one.serial})", opened[number])
            values = {"registration": one.id, "state": found.state, "reason": found.reason, "until": found.until}
            await self._session.execute(update, {"ticket": number, **values})

    async def _orders(self, made: list[Registration]) -> None:
        by_id = {product.id: product for product in self._products.values()}
        chosen = sorted(self._rng.sample(made, REGISTRATIONS // 2), key=lambda one: one.id)
        for place, one in enumerate(chosen):
            product = by_id[one.product_id]
            price = (_PRICES[product.family] + 1000 * self._rng.randrange(8)) * 100
            with_visit = self._rng.random() < 0.4
            ordered = one.purchased_on
            at = datetime(ordered.year, ordered.month, ordered.day, 11, tzinfo=UTC)
            order = Order(
                external_id=f"TO-{210_000 + place * 37}",
                customer_id=one.customer_id,
                number=f"TO-{210_000 + place * 37}",
                status="delivered",
                payment_status="paid",
                ordered_on=ordered,
                deliver_on=ordered + timedelta(days=4),
                delivered_on=ordered + timedelta(days=self._rng.choice((2, 3, 4, 6))),
                currency="INR",
                total=price + (49_900 if with_visit else 0),
                created_at=at,
                changed_at=at,
            )
            self._session.add(order)
            await self._session.flush()
            lines: list[tuple[str, int | None, str, int, str]] = [
                (product.sku, product.id, product.name, price, one.serial)
            ]
            if with_visit:
                lines.append(("INST", None, "Installation at home", 49_900, ""))
            self._session.add_all(
                OrderLine(
                    order_id=order.id, position=number, sku=sku, product_id=known, text=words, quantity=1,
                    unit_price=amount, serial=serial,
                )
                for number, (sku, known, words, amount, serial) in enumerate(lines, start=1)
            )  # fmt: skip

    async def _claim(self, made: list[Registration]) -> None:
        one = made[-1]
        claimant = next(each for each in self._people if each.id != one.customer_id and each.language == "en")
        bought = one.purchased_on + timedelta(days=11)
        claim = OwnershipClaim(
            registration_id=one.id,
            customer_id=claimant.id,
            against_id=one.customer_id,
            words="I bought this one with the bill that I send. The number on its plate is the same.",
            purchased_on=bought,
            country=COUNTRY,
            seller="Shree Traders",
            state="open",
            created_at=self._now - timedelta(hours=19),
        )
        self._session.add(claim)
        await self._session.flush()
        content = paper(
            "Shree Traders", [f"Bill of {bought.isoformat()}", f"Serial number {one.serial}", claimant.name]
        )
        self._session.add(
            Proof(
                registration_id=one.id,
                claim_id=claim.id,
                customer_id=claimant.id,
                name="bill.pdf",
                content_type="application/pdf",
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                storage_key=await self._storage.put(content),
                created_at=claim.created_at,
            )
        )

    async def _recall(self, made: list[Registration]) -> None:
        product = self._products[RECALLED + " Front"]
        started = self._now - timedelta(days=3)
        told = dict(RECALL_WORDS)
        recall = Recall(
            **told.pop("en"),
            words=told,
            product_id=product.id,
            ranges=[["AA00000000", "HT99999999"]],
            state="running",
            created_at=started - timedelta(days=1),
            started_at=started,
        )
        self._session.add(recall)
        await self._session.flush()
        inside = [one for one in made if one.product_id == product.id and "AA00000000" <= one.serial <= "HT99999999"]
        for place, one in enumerate(inside):
            state = _CASES[place % len(_CASES)]
            self._session.add(
                RecallCase(
                    recall_id=recall.id,
                    registration_id=one.id,
                    state=state,
                    note=_NOTES.get(state, ""),
                    mailed_at=None if state == "to_contact" else started + timedelta(minutes=place * 2),
                    changed_at=started + timedelta(hours=place % 60),
                )
            )
        await self._session.flush()
