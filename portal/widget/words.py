"""The words of the widget in a visitor's language: they travel with its page, so no second request is needed.

The keys are what ``portal/web/src/widget`` names. ``{n}`` and the like are filled in by the browser; a sentence about a
number has two forms, ``one`` and ``many``.
"""

from typing import Any

from core.i18n import Language


def words(language: Language) -> dict[str, Any]:
    """Key → sentence."""
    _ = language.text
    return _frame(language) | {
        "talk": _("Talk to us"),
        "search": _("Search for help"),
        "searching": _("Searching…"),
        "nothing": _("Nothing was found. Ask us instead."),
        "results": _("Articles that may help"),
        "opensNew": _("opens in a new tab"),
        "write": _("Write a request"),
        "hello": _("How can we help?"),
        "online": _("We are here now."),
        "waiting": {"one": _("One person is before you."), "many": _("{n} people are before you.")},
        "offline": _("Nobody can chat at the moment. Leave a request, and we answer by e-mail."),
        "opensAt": _("We are back {when}."),
        "name": _("Your name"),
        "email": _("Your e-mail address"),
        "youAre": _("You write as {name}."),
        "emailWhy": _("So that we can answer when you have left this page."),
        "optional": _("optional"),
        "required": _("This is needed."),
        "tooLong": _("This is too long: it may have {n} characters."),
        "badEmail": _("This does not look like an e-mail address."),
        "start": _("Start the chat"),
        "consent": _("When you send the first message, this browser keeps a key to your conversation."),
        "message": _("Your message"),
        "send": _("Send"),
        "attach": _("Attach a file"),
        "emoji": _("Emoji"),
        "subject": _("Subject"),
        "sendRequest": _("Send the request"),
        "thanks": _("Thank you. We have received your request and answer to {email}."),
        "number": _("Its number is {n}."),
        "again": _("Start a new chat"),
        "emailSave": _("Save"),
    }


def _frame(language: Language) -> dict[str, Any]:
    _ = language.text
    return {
        "open": _("Help and chat"),
        "close": _("Close the window"),
        "back": _("Back"),
        "more": _("More"),
        "chatWith": _("Chat with {name}"),
        "you": _("You"),
        "joined": _("{name} is with you now."),
        "typing": _("{name} is typing…"),
        "sending": _("Sending…"),
        "sent": _("Sent"),
        "read": _("Read"),
        "notSent": _("Not sent. Try again."),
        "slow": _("Please wait a moment before you write more."),
        "fileRefused": _("This file cannot be sent: its kind is not taken, or it is too large."),
        "reconnecting": _("The connection was lost. Trying again…"),
        "byMail": _("You were away, so the conversation goes on by e-mail to {email}. You can still write here."),
        "mailed": _("by e-mail"),
        "leaveEmail": _("Leave your e-mail address, so that the answer reaches you if you have to go."),
        "emailSaved": _("If you leave, the answer goes to {email}."),
        "end": _("End the chat"),
        "ended": _("The chat has ended."),
        "transcript": _("Send me the chat by e-mail"),
        "transcriptSent": _("The chat was sent to {email}."),
        "rate": _("How was this chat?"),
        "scores": [_("Very bad"), _("Bad"), _("All right"), _("Good"), _("Very good")],
        "comment": _("Would you like to say more?"),
        "rated": _("Thank you for your answer."),
        "new": {"one": _("One new message"), "many": _("{n} new messages")},
        "conversation": _("Conversation"),
        "failed": _("This did not work. Please try again."),
    }
