"""Mails about registered products: claims, hand-overs, the reminder before the end, recalls.

Handlers of events of ``products`` ask for a job, which writes the mail in the reader's language. Every one asks the
consent ledger and leaves by ``channels/notices``, under the brake. A recall is sent in batches that leave half of what
the brake allows in an hour to everything else; what no mail reaches is left to people, with the reason.
"""

from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels import brake, notices
from channels.letters import Link, written
from channels.models import Notice
from core import brands, clock, i18n, jobs
from core.i18n import Language
from core.sql import Sql
from customers import consent, leaving
from customers.consent import Purpose
from products import catalogue, claims, listing, recalls, registering, reminders, transfers
from products.events import ClaimDecided, ClaimOpened, OwnerChanged, ProductRegistered, TransferOffered
from products.models import Product, Recall, Transfer

JOB: Final = "channels.product_mail"
BATCH_SECONDS: Final = 300
SHARE: Final = 0.5
"""Of the mails that the brake allows in an hour, how much recalls may use."""
AWAIT: Final = timedelta(hours=6)
"""After the last mail of a recall, how long until reports of what did not arrive are counted once more."""
LOST: Final = frozenset({"failed", "bounced", "withheld"})

_PERSON: Final = Sql(
    """
    select c.id, c.name, c.language, p.value as address from customers c
    left join lateral (select value from contact_points p where p.customer_id = c.id and p.kind = 'email'
        order by p.invalid_reason is not null, p.verified desc, p.id limit 1) p on true
    where c.id = :customer_id
    """
)


class Reader(msgspec.Struct, frozen=True):
    """Who gets a mail."""

    name: str
    address: str
    language: Language


class ProductMail:
    """Writes mails about products.

    Args:
        secret: the desk's, for the token of an invitation.
        base_url: the desk's address, for links.
        company: who writes, on a desk without brands.
        default_language: for people whose language is not known.
    """

    def __init__(self, secret: str, base_url: str, company: str, default_language: str) -> None:
        self._secret = secret
        self._base_url = base_url
        self._company = company
        self._default = default_language

    # Handlers of events (the table is in sampark/wiring.py)

    async def on_registered(self, session: AsyncSession, event: ProductRegistered) -> None:
        """A customer who registered by herself gets a confirmation; imports and agents write none."""
        if event.source == "portal":
            await self._ask(session, "registered", event.registration_id)

    async def on_claim_opened(self, session: AsyncSession, event: ClaimOpened) -> None:
        """Both sides hear that somebody claims a product."""
        await self._ask(session, "claim_opened", event.claim_id)

    async def on_claim_decided(self, session: AsyncSession, event: ClaimDecided) -> None:
        """Both sides hear what was decided."""
        await self._ask(session, "claim_decided", event.claim_id)

    async def on_transfer_offered(self, session: AsyncSession, event: TransferOffered) -> None:
        """Whoever is to take a product over is invited."""
        await self._ask(session, "transfer_offered", event.transfer_id)

    async def on_owner_changed(self, session: AsyncSession, event: OwnerChanged) -> None:
        """The former owner hears that the product was taken over (after a claim, the decision says it)."""
        if event.how == "transfer":
            await self._ask(session, "transfer_accepted", event.registration_id, event.from_customer_id)

    @staticmethod
    async def _ask(session: AsyncSession, what: str, number: int, customer_id: int | None = None) -> None:
        args = {"what": what, "number": number, "customer_id": customer_id}
        await jobs.enqueue(session, JOB, args, dedupe=f"{JOB}:{what}:{number}")

    # Jobs

    async def send(self, session: AsyncSession, what: str, number: int, customer_id: int | None = None) -> None:
        """Write the mails that follow from one event (job)."""
        if what == "registered":
            await self._registered(session, number)
        elif what == "claim_opened":
            await self._claim_opened(session, number)
        elif what == "claim_decided":
            await self._claim_decided(session, number)
        elif what == "transfer_offered":
            await self._transfer_offered(session, number)
        elif what == "transfer_accepted" and customer_id is not None:
            await self._transfer_accepted(session, number, customer_id)

    async def _registered(self, session: AsyncSession, registration_id: int) -> None:
        row = await listing.row_of(session, registration_id)
        reader = await self._reader(session, row.customer_id)
        if reader is None:
            return
        _ = reader.language.text
        name = row.name_in(reader.language.code)
        until = reader.language.date(row.until) if row.until else ""
        cover = _("It is covered until %(date)s.") % {"date": until} if row.state != "none" else ""
        await self._write(
            session,
            reader,
            "product_registered",
            _("Your %(product)s is registered") % {"product": name},
            _("Your %(product)s with the serial number %(serial)s is registered.")
            % {"product": name, "serial": row.serial},
            cover,
            self._page(_("Your product and its certificate"), registration_id, reader.language),
        )

    async def _claim_opened(self, session: AsyncSession, claim_id: int) -> None:
        claim = await claims.row_of(session, claim_id)
        for customer_id in (claim.claimant_id, claim.owner_id):
            reader = await self._reader(session, customer_id)
            if reader is None:
                continue
            _ = reader.language.text
            facts = await self._facts(session, claim.registration_id, reader.language)
            if customer_id == claim.claimant_id:
                subject = _("We look into your claim: %(product)s") % facts
                first = _(
                    "Another person has registered the %(product)s with the serial number %(serial)s. We have your "
                    "proof, look into it, and write to you when it is decided."
                )
            else:
                subject = _("Somebody claims your product: %(product)s") % facts
                first = _(
                    "Another person claims the %(product)s with the serial number %(serial)s, which you have "
                    "registered. If it is yours, you need not do anything; a bill helps us: please answer this mail "
                    "with it."
                )
            await self._write(session, reader, "product_claim", subject, first % facts)

    async def _claim_decided(self, session: AsyncSession, claim_id: int) -> None:
        claim = await claims.row_of(session, claim_id)
        approved = claim.state == "approved"
        for customer_id in (claim.claimant_id, claim.owner_id):
            reader = await self._reader(session, customer_id)
            if reader is None:
                continue
            _ = reader.language.text
            facts = await self._facts(session, claim.registration_id, reader.language)
            is_winner = approved == (customer_id == claim.claimant_id)
            if is_winner:
                subject = _("The product is yours: %(product)s") % facts
                first = _("We have decided: the %(product)s with the serial number %(serial)s is registered to you.")
            else:
                subject = _("Our decision about %(product)s") % facts
                first = _(
                    "We have decided: the %(product)s with the serial number %(serial)s is registered to another "
                    "person. If you do not agree, please answer this mail."
                )
            reason = claim.reason if customer_id == claim.claimant_id else ""
            page = self._page(_("Your product"), claim.registration_id, reader.language) if is_winner else ""
            await self._write(session, reader, "product_claim_decided", subject, first % facts, reason, page)

    async def _transfer_offered(self, session: AsyncSession, transfer_id: int) -> None:
        transfer = await session.get(Transfer, transfer_id)
        if transfer is None or transfer.state != "open":
            return
        owner = await _PERSON.first(session, customer_id=transfer.from_customer_id)
        language = self._language(owner.language)
        _ = language.text
        facts = await self._facts(session, transfer.registration_id, language) | {"name": owner.name}
        token = transfers.token(self._secret, transfer)
        url = f"{self._base_url}/portal/products/invitation/{token}?lang={language.code}"
        await self._write(
            session,
            Reader("", transfer.to_email, language),
            "product_transfer",
            _("%(name)s hands a product over to you: %(product)s") % facts,
            _("%(name)s hands the %(product)s with the serial number %(serial)s over to you, with its warranty.")
            % facts,
            Link(_("Take it over"), url),
            _("The invitation ends on %(date)s. If you know nothing of it, you need not do anything.")
            % {"date": language.date(transfer.expires_at)},
        )

    async def _transfer_accepted(self, session: AsyncSession, registration_id: int, customer_id: int) -> None:
        reader = await self._reader(session, customer_id)
        if reader is None:
            return
        _ = reader.language.text
        facts = await self._facts(session, registration_id, reader.language)
        subject = _("Your product has been taken over: %(product)s") % facts
        first = _("The %(product)s with the serial number %(serial)s is now registered to its new owner.") % facts
        await self._write(session, reader, "product_transferred", subject, first)

    async def remind(self, session: AsyncSession, registration_id: int) -> None:
        """Remind an owner that her product's cover ends (job of a timer)."""
        due = await reminders.take(session, registration_id)
        if due is None:
            return
        reader = await self._reader(session, due.customer_id)
        if reader is None:
            return
        _ = reader.language.text
        facts = await self._facts(session, registration_id, reader.language)
        facts["date"] = reader.language.date(due.until)
        await self._write(
            session,
            reader,
            "product_reminder",
            _("Your %(product)s is covered until %(date)s") % facts,
            _("The cover of your %(product)s with the serial number %(serial)s ends on %(date)s.") % facts,
            _("If something is wrong with it, write to us before that day."),
            self._page(_("Your product"), registration_id, reader.language),
            purpose="reminder",
        )

    async def recall(self, session: AsyncSession, recall_id: int) -> None:
        """Send the next mails of a recall, and count what came back (job; asks for itself until nobody is left)."""
        recall = await recalls.get(session, recall_id)
        if recall.state != "running":
            return
        await _count_lost(session, recall_id)
        room = await _room(session)
        cases = await recalls.next_to_contact(session, recall_id, room) if room else []
        product = await catalogue.get(session, recall.product_id)
        for case in cases:
            await self._recall_one(session, recall, product, case)
        await session.flush()
        more = await recalls.list_cases(session, recall_id, "to_contact", limit=1)
        if more[0]:
            await recalls.ask_to_mail(session, recall_id, clock.now() + timedelta(seconds=BATCH_SECONDS))
        elif cases:
            await recalls.ask_to_mail(session, recall_id, clock.now() + AWAIT)

    async def _recall_one(self, session: AsyncSession, recall: Recall, product: Product, case: recalls.CaseRow) -> None:
        """One mail of a recall; what the brake stops is tried again with the next batch."""
        if case.email is None:
            await recalls.move(session, case.id, "unreachable", "No e-mail address is known.")
            return
        verdict = await consent.may_write(session, kind="email", value=case.email, purpose="service")
        if not verdict.allowed:
            await recalls.move(session, case.id, "unreachable", verdict.reason)
            return
        language = self._language(case.language)
        _ = language.text
        facts = {"product": catalogue.name_in(product, language.code), "serial": case.serial}
        said = recalls.words_in(recall, language.code)
        brand = await self._brand(session)
        text, html = written(
            _("This concerns your %(product)s with the serial number %(serial)s.") % facts,
            said.text,
            self._page(_("Tell us that you have read this"), case.registration_id, language),
            brand or self._company,
        )
        subject = _("Recall: %(title)s") % {"title": said.title}
        why = await brake.allow(session, "recall", case.email, None, f"{subject} {case.serial}")
        if why is not None:
            return
        made = await notices.create(
            session,
            kind="recall",
            to_address=case.email,
            to_name=case.customer,
            subject=subject,
            text=text,
            html=html,
            sender_name=brand,
            past_brake=True,  # asked just now, so that what it stops is tried again and no row is left for each try
        )
        await recalls.move(session, case.id, "mailed", notice_id=made)

    # What the mails share

    async def _reader(self, session: AsyncSession, customer_id: int) -> Reader | None:
        """Whom to write to; None when no address is known."""
        row = await _PERSON.first(session, customer_id=customer_id)
        if row is None or row.address is None:
            return None
        return Reader(row.name, row.address, self._language(row.language))

    async def _brand(self, session: AsyncSession) -> str:
        """The name of the brand whose pages the links lead to; "" on a desk without brands."""
        return await brands.name_at(session, self._base_url, "")

    def _language(self, code: str | None) -> Language:
        return Language(code if code in i18n.NAMES else self._default)

    async def _facts(self, session: AsyncSession, registration_id: int, language: Language) -> dict[str, str]:
        known = await registering.get(session, registration_id)
        product = await catalogue.get(session, known.product_id)
        return {"product": catalogue.name_in(product, language.code), "serial": known.serial}

    def _page(self, words: str, registration_id: int, language: Language) -> Link:
        return Link(words, f"{self._base_url}/portal/products/{registration_id}?lang={language.code}")

    async def _write(
        self,
        session: AsyncSession,
        reader: Reader,
        kind: str,
        subject: str,
        *parts: str | Link,
        purpose: Purpose = "service",
    ) -> None:
        verdict = await consent.may_write(session, kind="email", value=reader.address, purpose=purpose)
        if not verdict.allowed:
            return
        leave = self._leave(reader.address, purpose)
        end = Link(reader.language.text("End these mails"), leave) if leave else ""
        brand = await self._brand(session)
        text, html = written(*parts, brand or self._company, end)
        await notices.create(
            session,
            kind=kind,
            to_address=reader.address,
            to_name=reader.name,
            subject=subject,
            text=text,
            html=html,
            sender_name=brand,
            unsubscribe_url=leave,
        )

    def _leave(self, address: str, purpose: Purpose) -> str | None:
        """Where mails of a purpose are ended; None for those that belong to what somebody asked for."""
        if purpose == "service":
            return None
        return f"{self._base_url}/portal/unsubscribe/{leaving.token(self._secret, address, purpose)}"


async def _room(session: AsyncSession) -> int:
    """How many mails of recalls may leave now."""
    standing = await brake.status(session)
    if standing.stopped:
        return 0
    allowed = int(standing.limit_per_hour * SHARE)
    each = max(1, allowed * BATCH_SECONDS // 3600)
    return max(0, min(each, allowed - standing.sent_last_hour))


async def _count_lost(session: AsyncSession, recall_id: int) -> None:
    """Owners whose mail failed or came back are left to people."""
    cases = {notice_id: case_id for case_id, notice_id in await recalls.mailed_cases(session, recall_id)}
    lost = select(Notice.id, Notice.error).where(Notice.id.in_(cases), Notice.state.in_(LOST))
    for row in await session.execute(lost):
        await recalls.move(session, cases[row.id], "unreachable", row.error or "The mail did not arrive.")
