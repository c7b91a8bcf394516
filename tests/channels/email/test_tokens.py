"""Signed names in mails: what we sign is read back, what anybody else makes proves nothing."""

from hypothesis import given
from hypothesis import strategies as st

from channels.email.tokens import AgentToken, Tokens

TOKENS = Tokens("secret", "desk.example")
NUMBERS = st.integers(1, 10**15 - 1)


@given(NUMBERS, st.sampled_from(["help@desk.example", "Help+Desk@Desk.Example", "विक्रय@desk.example"]))
def test_what_was_signed_is_read_back(number, address):
    """Addresses, ids and marks name what they were made for, in any case of letters."""
    assert TOKENS.ticket_in([TOKENS.reply_address(address, number)]) == number
    assert TOKENS.ticket_in([TOKENS.reply_address(address, number).upper().replace("+T", "+t")]) == number
    assert TOKENS.agent_in([f"<{TOKENS.agent_address(address, 7, number)}>"]) == AgentToken(7, number)
    assert TOKENS.bounced_in([TOKENS.bounce_address(address, number)]) == number
    assert TOKENS.own_message(f"<{TOKENS.message_id(number)}>") == number
    assert TOKENS.own_notice(TOKENS.notice_id(number)) == number
    assert TOKENS.marked_ticket(f"> thanks\n> [{TOKENS.mark(number)}]\n") == number
    assert TOKENS.marked_agent(f"({TOKENS.agent_mark(7, number)})") == AgentToken(7, number)


@given(NUMBERS)
def test_kinds_are_not_exchangeable(number):
    """A customer's address is no agent's, a notice's id no message's, and a mark of one kind none of the other."""
    reply, agent = (
        TOKENS.reply_address("help@desk.example", number),
        TOKENS.agent_address("help@desk.example", 1, number),
    )
    assert TOKENS.agent_in([reply]) is None
    assert TOKENS.ticket_in([agent]) is None
    assert TOKENS.bounced_in([reply, agent]) is None
    assert TOKENS.own_message(TOKENS.notice_id(number)) is None
    assert TOKENS.own_notice(TOKENS.message_id(number)) is None
    assert TOKENS.own_message(TOKENS.notice_id(number).replace("n", "m", 1)) is None
    assert TOKENS.marked_agent(TOKENS.mark(number)) is None
    assert TOKENS.marked_ticket(TOKENS.agent_mark(1, number)) is None


def test_a_token_copied_onto_another_mailbox_proves_nothing():
    """Field 2.1.7: the signature covers the mailbox's address as well."""
    good = TOKENS.reply_address("help@desk.example", 1001)
    assert TOKENS.ticket_in([good.replace("help+", "sales+")]) is None
    assert TOKENS.ticket_in([good.replace("@desk.", "@other.")]) is None
    assert TOKENS.ticket_in([good.replace("t1001", "t1002")]) is None
    assert TOKENS.ticket_in([good]) == 1001


def test_another_installation_signs_otherwise():
    """The key is the installation's own."""
    other = Tokens("another", "desk.example")
    assert TOKENS.ticket_in([other.reply_address("help@desk.example", 1001)]) is None
    assert TOKENS.own_message(other.message_id(5)) is None
    assert TOKENS.marked_ticket(other.mark(1001)) is None


def test_the_local_part_stays_within_its_64_octets():
    """RFC 5321 section 4.5.3.1.1, for the largest numbers that a desk will see and an ordinary mailbox."""
    address = TOKENS.agent_address("customer-support@desk.example", 99_999, 9_999_999_999)
    assert len(address.partition("@")[0]) <= 64
