"""The tables that connect the packages: event → handlers, job → function, channel → reader and sender.

One screen long on purpose. "What happens when a ticket is opened?" is answered here.
"""

from collections.abc import Mapping
from datetime import timedelta

from automation import flagging, timed, webhooks
from automation.calling import Caller
from automation.events import AutomationAlarmed, RuleMailAsked, RuleReplyAsked, WebhookDisabled
from automation.following import REACT_JOB
from automation.running import Automation
from channels import acknowledge, brake, erasing, notices, notify, product_mail, ratings, review_mail
from channels.acknowledge import Acknowledger
from channels.chat import following, presence
from channels.chat.outbox import ChatOutbox
from channels.chat.reader import ChatReader
from channels.email.notice_mail import NoticeMail
from channels.email.outbox import EmailOutbox
from channels.email.reader import EmailReader
from channels.email.send import EmailSender
from channels.email.tokens import Tokens
from channels.inbound import PROCESS_JOB, Inbound
from channels.notify import Notifier
from channels.outbound import Outbound
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from channels.rule_mail import RuleMail
from channels.web.form import WebReader
from core import events, jobs, search
from core.events import Event, Handler
from core.jobs import Definition, Registry
from core.net import networks_of
from core.search_feed import Feed
from core.search_vocabulary import VocabularyChanged
from customers.events import CustomerChanged, CustomerErased, OrganisationChanged
from knowledge_base import indexing, publishing
from knowledge_base.events import (
    ArticleApproved,
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    ArticleReturned,
    ArticleSubmitted,
    ArticleUnpublished,
    SlugChanged,
)
from portal.data_copies import JOB as COPY_JOB
from portal.data_copies import DataCopies
from portal.surveys import JOB as SURVEY_JOB
from portal.surveys import Surveys
from products import coverage, recalls
from products import indexing as registrations
from products.events import (
    CatalogueChanged,
    ClaimDecided,
    ClaimOpened,
    OwnerChanged,
    ProductRegistered,
    TransferOffered,
)
from routing import anew, assignment, clock_rows, lateness, offers, queues, rounds, sla, wrapping_up
from routing.events import (
    AgentLost,
    AgentRoutingChanged,
    ClockBreached,
    ClockWarned,
    HoursChanged,
    PresenceChanged,
    QueueChanged,
    SkillChanged,
    WorkKindChanged,
    WorkMoved,
)
from routing.presence import WRAP_UP_JOB, wrap_up_over
from sampark import retention, searching
from sampark.runtime import Runtime
from staff.events import AgentChanged, AgentTeamsChanged, TeamCreated
from tickets import delivery, lifecycle
from tickets.events import (
    AnsweredElsewhere,
    DeliveryChanged,
    EntitlementApplied,
    MessageQueued,
    MessageReceived,
    NoReplyNeeded,
    NoteAdded,
    PriorityChanged,
    StatusChanged,
    TeamChanged,
    TicketAssigned,
    TicketCreated,
    TicketRated,
    TicketRead,
    TicketSnoozed,
    TicketSplit,
    TicketWoken,
)
from tickets.templates import Surroundings


def handlers(
    acknowledger: Acknowledger, notifier: Notifier, products: ProductMail, surveys: Surveys, reviews: ReviewMail
) -> Mapping[type[Event], tuple[Handler, ...]]:
    """Event → what follows from it."""
    return {
        TicketCreated: (
            assignment.on_ticket_created,
            sla.on_ticket_created,
            notifier.on_routed,
            acknowledger.on_ticket_created,
        ),
        TicketAssigned: (assignment.on_ticket_changed, notifier.on_assigned),
        StatusChanged: (
            wrapping_up.on_status_changed,
            assignment.on_ticket_changed,
            sla.on_status_changed,
            notifier.on_routed,
            surveys.on_status_changed,
        ),
        PriorityChanged: (assignment.on_ticket_changed, sla.on_matter_changed),
        EntitlementApplied: (sla.on_matter_changed,),
        TicketRated: (ratings.on_rated,),
        TeamChanged: (assignment.on_ticket_changed, sla.on_matter_changed, notifier.on_routed),
        TicketSnoozed: (assignment.on_ticket_changed,),
        TicketWoken: (assignment.on_ticket_changed, notifier.on_routed),
        MessageReceived: (
            delivery.on_message_received,
            sla.on_message_received,
            notifier.on_message,
            following.on_message_received,
        ),
        MessageQueued: (sla.on_answer,),
        AnsweredElsewhere: (sla.on_answer,),
        DeliveryChanged: (sla.on_answer,),
        NoReplyNeeded: (sla.on_no_reply_needed,),
        ClockWarned: (notifier.on_warned,),
        ClockBreached: (notifier.on_late,),
        HoursChanged: (anew.on_hours_changed, assignment.on_hours_changed, flagging.on_hours_changed),
        CustomerChanged: (anew.on_customer_changed,),
        OrganisationChanged: (anew.on_organisation_changed,),
        SkillChanged: (flagging.on_skill_changed,),
        AgentChanged: (assignment.on_agent_changed, flagging.on_agent_changed),
        CustomerErased: (webhooks.on_customer_erased,),
        NoteAdded: (notifier.on_note,),
        TicketRead: (following.on_read,),
        ProductRegistered: (products.on_registered,),
        ClaimOpened: (products.on_claim_opened,),
        ClaimDecided: (products.on_claim_decided,),
        TransferOffered: (products.on_transfer_offered,),
        OwnerChanged: (products.on_owner_changed,),
        CatalogueChanged: (registrations.on_catalogue_changed,),
        PresenceChanged: (assignment.on_presence_changed,),
        TicketSplit: (sla.on_ticket_split,),
        WorkMoved: (assignment.on_work_moved, sla.on_matter_changed),
        AgentLost: (assignment.on_agent_lost,),
        QueueChanged: (assignment.on_queue_changed, flagging.on_queue_changed),
        AgentRoutingChanged: (assignment.on_rules_changed,),
        WorkKindChanged: (assignment.on_rules_changed,),
        AgentTeamsChanged: (assignment.on_rules_changed,),
        TeamCreated: (queues.on_team_created,),
        ArticleSubmitted: (reviews.on_submitted,),
        ArticleApproved: (reviews.on_approved,),
        ArticleReturned: (reviews.on_returned,),
        ArticlePublished: (indexing.on_article_changed,),
        ArticleUnpublished: (indexing.on_article_changed,),
        ArticleChanged: (indexing.on_article_changed,),
        ArticleDeleted: (indexing.on_article_changed, erasing.on_article_deleted),
        SlugChanged: (indexing.on_article_changed,),
    }


def of_automation(mail: RuleMail) -> Mapping[type[Event], tuple[Handler, ...]]:
    """What follows from the events of rules and webhooks."""
    return {
        RuleReplyAsked: (mail.on_reply_asked,),
        RuleMailAsked: (mail.on_mail_asked,),
        AutomationAlarmed: (mail.on_alarmed,),
        WebhookDisabled: (mail.on_webhook_disabled,),
    }


class Wiring:
    """The product's parts, connected for one process.

    Args:
        runtime: what they share.
    """

    def __init__(self, runtime: Runtime) -> None:
        tokens = Tokens(runtime.secret, runtime.settings.mail_domain)
        mail = EmailReader(runtime.storage, tokens)
        web = WebReader(runtime.storage)
        around = Surroundings(product_name=runtime.settings.product_name, base_url=runtime.settings.base_url)
        sender = EmailSender(runtime.signin)
        outbox = EmailOutbox(runtime.storage, tokens, sender, around)
        chat = ChatReader(runtime.storage)
        self.inbound = Inbound(
            {"email": mail, "web": web, "chat": chat},
            {"email": mail.could_not_read, "web": web.could_not_read, "chat": chat.could_not_read},
        )
        # A request from the portal's form is answered by mail.
        stale = timedelta(seconds=runtime.settings.sending_stale_seconds)
        window = ChatOutbox(runtime.db, outbox)
        self.outbound = Outbound(runtime.db, {"email": outbox, "web": outbox, "chat": window}, stale)
        notice_mail = NoticeMail(tokens, sender, runtime.settings.base_url)
        self.notices = notices.Notices(runtime.db, notice_mail, stale)
        acknowledger = Acknowledger(around, runtime.settings.default_locale, runtime.secret)
        notifier = Notifier(runtime.settings.base_url)
        settings = runtime.settings
        products = ProductMail(runtime.secret, settings.base_url, settings.product_name, settings.default_locale)
        forgetting = erasing.Forgetting(runtime.storage)
        surveys = Surveys(runtime.settings, runtime.secret)
        reviews = ReviewMail(settings.base_url)
        presence.configure(runtime.settings.chat_gone_seconds)
        brake.configure(runtime.settings.automatic_mail_per_hour)
        automation = Automation(runtime.db, around)
        time_rules = timed.TimeRules(runtime.db, automation)
        self.webhooks = Caller(runtime.db, runtime.vault, networks_of(settings))
        self.engine = searching.engine(runtime.settings)
        self.registry = Registry(
            (
                Definition(PROCESS_JOB, self.inbound.process),
                Definition(delivery.DELIVER_JOB, self.outbound.deliver, own_units=True),
                Definition(notices.SEND_JOB, self.notices.send, own_units=True),
                Definition(brake.ALARM_JOB, notices.alarm),
                Definition(acknowledge.JOB, acknowledger.send),
                Definition(notify.JOB, notifier.send),
                Definition(product_mail.JOB, products.send),
                Definition(coverage.REMIND_JOB, products.remind),
                Definition(recalls.MAIL_JOB, products.recall),
                Definition(ratings.JOB, ratings.Teller(runtime.settings.base_url).send),
                Definition(SURVEY_JOB, surveys.send),
                Definition(review_mail.JOB, reviews.send),
                Definition(retention.JOB, retention.Retention(runtime.db, settings).run, own_units=True),
                Definition(COPY_JOB, DataCopies(runtime.settings, runtime.storage).make),
                Definition(erasing.FORGET_JOB, forgetting.files),
                Definition(erasing.FORGET_COPY_JOB, forgetting.copy),
                Definition(lifecycle.WAKE_JOB, lifecycle.wake),
                Definition(rounds.DRAIN_JOB, assignment.drain),
                Definition(rounds.LOOK_JOB, assignment.look),
                Definition(assignment.OPENS_JOB, assignment.opens),
                Definition(assignment.ROOM_JOB, assignment.room),
                Definition(assignment.LOOK_OVER_JOB, assignment.look_over),
                Definition(assignment.REQUEUE_JOB, assignment.requeue),
                Definition(rounds.EXPIRE_JOB, offers.expire),
                Definition(offers.AWAY_JOB, offers.set_away),
                Definition(clock_rows.DUE_JOB, lateness.on_due),
                Definition(anew.REWIND_JOB, anew.rewind),
                Definition(anew.TIER_JOB, anew.tier_changed),
                Definition(WRAP_UP_JOB, wrap_up_over),
                Definition(REACT_JOB, automation.react, own_units=True),
                Definition(flagging.TELL_JOB, flagging.tell),
                Definition(timed.JOB, time_rules.run, own_units=True),
                Definition(webhooks.CALL_JOB, self.webhooks.call, own_units=True),
                *searching.definitions(self.engine),
                Definition(publishing.PUBLISH_JOB, publishing.publish_due),
            )
        )
        self.worker = jobs.Worker(runtime.db, self.registry, runtime.settings.worker_concurrency)
        search.configure(self.engine)
        self.feed = Feed(runtime.db, searching.FOLLOWERS, searching.REBUILD_JOBS)
        told: dict[type[Event], tuple[Handler, ...]] = {**of_automation(RuleMail(around))}
        if self.engine is not None:
            told[VocabularyChanged] = (self.engine.on_vocabulary_changed,)
        events.subscribe({**handlers(acknowledger, notifier, products, surveys, reviews), **told})
