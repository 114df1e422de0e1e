"""The map of heads: one root for each map, a proof for every stream, and for every stream that is not there."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from application.ledger.heads import NOTHING, Head, Heads, Proof, bit, leaf_value, proves, proves_absent

KEYS = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 15).map(lambda n: bytes(31) + bytes([n])),  # alike to the last bits
)
MAPS = st.dictionaries(KEYS, st.builds(Head, st.integers(1, 2**40), st.binary(min_size=32, max_size=32)), max_size=40)


def defined(found, depth=0) -> bytes:
    """The value of a map, as docs/ledger.md defines it."""
    if not found:
        return NOTHING
    if len(found) == 1:
        ((key, head),) = found.items()
        return leaf_value(key, head)
    ends = [{key: head for key, head in found.items() if bit(key, depth) == way} for way in (0, 1)]
    return sha256(b"\x01" + defined(ends[0], depth + 1) + defined(ends[1], depth + 1)).digest()


def made(found) -> Heads:
    heads = Heads()
    for key, head in found.items():
        heads.put(key, head)
    return heads


@given(MAPS, st.randoms())
def test_the_root_is_that_of_the_definition_whatever_the_order(found, chance):
    items = list(found.items())
    chance.shuffle(items)
    assert made(dict(items)).root() == made(found).root() == defined(found)


@given(MAPS, MAPS)
def test_a_head_that_moves_changes_the_root_as_if_it_had_always_stood_there(before, after):
    heads = made(before)
    heads.root()
    for key, head in after.items():
        heads.put(key, head)
    assert heads.root() == defined({**before, **after})
    assert len(heads) == len({**before, **after})


@given(MAPS.filter(bool), st.data())
def test_every_stream_is_proved_at_its_head_and_at_no_other(found, data):
    heads = made(found)
    key = data.draw(st.sampled_from(sorted(found)))
    proof = heads.proof(key)
    assert proof.end == (key, found[key])
    assert proves(heads.root(), key, found[key], proof.siblings)
    assert not proves(heads.root(), key, Head(found[key].place + 1, found[key].hash), proof.siblings)
    assert not proves_absent(heads.root(), key, proof)


@given(MAPS, KEYS)
def test_a_stream_that_is_not_there_is_proved_absent(found, key):
    found.pop(key, None)
    heads = made(found)
    assert proves_absent(heads.root(), key, heads.proof(key))


@given(MAPS.filter(bool), st.data())
def test_a_stream_that_is_there_cannot_be_proved_absent_by_the_leaf_of_another(found, data):
    heads = made(found)
    hidden, shown = data.draw(st.sampled_from(sorted(found))), data.draw(st.sampled_from(sorted(found)))
    if hidden != shown:
        proof = heads.proof(shown)
        assert not proves_absent(heads.root(), hidden, proof)
        assert not proves_absent(heads.root(), hidden, Proof(proof.siblings, None))
