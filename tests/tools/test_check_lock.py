"""The lock checks: what they must find in a lock written carelessly."""

from tools import check_lock


def test_a_missing_optional_package_is_found() -> None:
    """A lock written on another kind of machine lacks entries and would fail only there."""
    lock = {"packages": {"node_modules/a": {"integrity": "x", "optionalDependencies": {"a-linux": "1"}}}}
    assert list(check_lock.npm_faults(lock)) == ["node_modules/a: optional a-linux has no entry"]


def test_an_address_and_a_missing_hash_are_found() -> None:
    """A lock names no host, and every package has its hash."""
    lock = {"packages": {"": {}, "node_modules/a": {"resolved": "somewhere"}}}
    assert list(check_lock.npm_faults(lock)) == [
        "node_modules/a: has a `resolved` address",
        "node_modules/a: has no integrity hash",
    ]


def test_locks_that_disagree_are_found() -> None:
    """What runs and what is tested must be the same version."""
    locks = {"dev": "litestar==2.25.0 \\\n", "run": "litestar==2.24.0 \\\n--index-url https://example.org/\n"}
    assert list(check_lock.python_faults(locks)) == [
        "run.lock: holds an address",
        "run.lock: litestar ['2.24.0'], but dev.lock ['2.25.0']",
    ]


def test_the_locks_of_the_checkout_are_in_order() -> None:
    """All locks in use pass."""
    assert check_lock.faults() == []
