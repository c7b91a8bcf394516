"""Passwords: argon2id through pwdlib, in threads so that the loop goes on, a few at a time so that memory does.

Called by ``staff/login`` and ``staff/agents``. One hash takes some 64 MiB and a fifth of a second, which is the point;
the semaphore keeps a rush of sign-ins from taking the machine.
"""

import asyncio
import functools
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.errors import Invalid

AT_ONCE: Final = 2
SHORTEST: Final = 8
LONGEST: Final = 256
HASHER: PasswordHash = PasswordHash((Argon2Hasher(),))
_turns: Final = asyncio.Semaphore(AT_ONCE)


def check_new(password: str) -> None:
    """Refuse a password that is too short to be worth hashing.

    Raises:
        Invalid: shorter than :data:`SHORTEST` or longer than :data:`LONGEST` characters.
    """
    if len(password) < SHORTEST:
        raise Invalid.field("password", f"A password needs at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise Invalid.field("password", f"A password may have at most {LONGEST} characters.")


async def make_hash(password: str) -> str:
    """The hash to store for a password."""
    async with _turns:
        return await asyncio.to_thread(HASHER.hash, password)


@functools.lru_cache(maxsize=1)
def _nobodys_hash(hasher: PasswordHash) -> str:
    """A hash that no password fits, of the same cost as real ones."""
    return hasher.hash("\x00 nobody's password")


def _verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    valid, better = HASHER.verify_and_update(password, stored or _nobodys_hash(HASHER))
    return (valid, better) if stored else (False, None)


async def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether a password fits; the same work is done when there is no such account, so time tells nothing.

    Args:
        password: as typed.
        stored: the hash on file, or None when the address is unknown.

    Returns:
        Whether it fits, and a new hash to store when the old one is of weaker parameters.
    """
    async with _turns:
        return await asyncio.to_thread(_verify, password[: LONGEST + 1], stored)
