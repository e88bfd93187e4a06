from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.kernel.ledger import GENESIS, Entry, first_broken, merkle_root, seal

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for seq in range(1, length + 1):
        prev = entries[-1].hash if entries else GENESIS
        entries.append(seal(seq, "signals", "events.imported", AT, "ana", {"n": seq}, prev))
    return entries


def test_an_untouched_chain_holds():
    assert first_broken(chain(5)) is None


@pytest.mark.parametrize(
    "field, value", [("body", '{"n":9}'), ("actor", "eve"), ("kind", "x.y"), ("at", "2020-01-01Z")]
)
def test_an_altered_entry_is_named(field, value):
    entries = chain(5)
    entries[2] = replace(entries[2], **{field: value})
    assert first_broken(entries) == {"seq": 3, "reason": "its content does not match its hash"}


def test_a_resealed_entry_breaks_the_link_of_the_next():
    entries = chain(5)
    entries[2] = seal(3, "signals", "events.imported", AT, "ana", {"n": 99}, entries[1].hash)
    assert first_broken(entries) == {"seq": 4, "reason": "its link to the entry before does not match"}


def test_a_removed_entry_is_named():
    entries = chain(5)
    del entries[1]
    broken = first_broken(entries)
    assert broken is not None and broken["seq"] == 2 and "missing" in str(broken["reason"])


def test_two_entries_that_changed_places_are_found():
    entries = chain(5)
    entries[1], entries[2] = entries[2], entries[1]
    assert first_broken(entries) is not None


def test_an_unknown_stream_is_refused():
    with pytest.raises(ValueError, match="gossip"):
        seal(1, "gossip", "x.y", AT, "ana", {}, GENESIS)


def test_the_merkle_root_follows_rfc_6962():
    leaves = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    leaves.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
    assert merkle_root(leaves) == "sha256:5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle_root(leaves[:3]) == "sha256:aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert merkle_root([]) == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
