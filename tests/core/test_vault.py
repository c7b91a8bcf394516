"""The vault: what it hides, what it gives back, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.vault import SealBroken, Vault, is_sealed

VAULT = Vault("test-secret-of-the-suite")


@given(st.text())
def test_what_is_sealed_comes_back(text: str) -> None:
    """Any text, and the sealed form neither holds it nor is the same twice."""
    sealed = VAULT.seal(text)
    assert VAULT.open(sealed) == text
    assert VAULT.seal(text) != sealed
    assert len(text) < 4 or text not in sealed


def test_an_older_plain_value_is_given_back() -> None:
    """Rows from before the vault go on working until they are sealed."""
    assert VAULT.open("plain password") == "plain password"
    assert not is_sealed("plain password")


def test_another_key_opens_nothing_and_says_so() -> None:
    """The sentence names what to look for."""
    with pytest.raises(Invalid, match="SAMPARK_SECRET"):
        Vault("another secret").open(VAULT.seal("x"))


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_changed_value_is_refused(place: int) -> None:
    """One bit of nonce, text or tag is enough."""
    sealed = bytearray(VAULT.seal("a longer password").removeprefix("sealed:v1:").encode())
    sealed[place * 4 // 3 if place > 0 else place] ^= 0x02
    with pytest.raises(SealBroken):
        VAULT.open("sealed:v1:" + sealed.decode("latin-1"))


@pytest.mark.parametrize("value", ["sealed:v1:", "sealed:v1:!!!", "sealed:v1:AAAA", "sealed:v1:é"])
def test_rubbish_is_refused(value: str) -> None:
    """No other error than the one that says what to do."""
    with pytest.raises(SealBroken):
        VAULT.open(value)


def test_what_must_be_sealed_is_not_taken_in_clear() -> None:
    """Where the seal is the proof, a value without one proves nothing."""
    with pytest.raises(SealBroken):
        Vault("secret").open('{"account_id": 1}', "oauth state")


def test_a_value_serves_the_purpose_that_it_was_made_for() -> None:
    """A sealed password cannot be passed off as the state of a sign-in."""
    sealed = VAULT.seal("x", "oauth state")
    assert VAULT.open(sealed, "oauth state") == "x"
    with pytest.raises(SealBroken):
        VAULT.open(sealed)
