"""Invented prose: nobody is meant by it, and nothing in it happened."""

from __future__ import annotations

from random import Random

WHO = ("The health visitor", "A teaching assistant", "The duty worker", "An aunt", "The midwife", "A neighbour", "The housing officer",
       "The school nurse", "A youth worker", "The out of hours doctor", "The allocated worker", "A grandparent")  # fmt: skip
DID = ("saw the child at home", "heard from the nursery", "wrote to the other agencies", "asked who else lives there",
       "noted what the sibling said", "talked it through in supervision", "could not reach the family", "checked the earlier records",
       "sat with the mother for an hour", "spoke to the father alone", "drew the history together", "offered an earlier visit")  # fmt: skip
SO = ("and was worried by how quiet it was.", "and shared it the same afternoon.", "but nobody had the whole picture.",
      "and wrote down the child's own words.", "which had not been known before.", "and a plan was agreed.",
      "and the next step was left open.", "so the question was put to the partners.", "and the reasons were recorded.",
      "with an interpreter, who stayed until the end.", "and it was looked at again a week later.", "as the timetable asks.")  # fmt: skip
FIRST = ("Ada", "Bertram", "Cleo", "Dorian", "Effie", "Fergus", "Greta", "Hector", "Ines", "Jasper", "Kezia", "Linus", "Mabel", "Ned")
LAST = ("Quillfeather", "Brackenbury", "Thistlewood", "Ockerby", "Marrowdale", "Penhallow", "Wintershill", "Larkspur", "Dunnockley")


def said(chance: Random, sentences: int = 2) -> str:
    """So many sentences."""
    pick = chance.choice
    return " ".join(f"{pick(WHO)} {pick(DID)} {pick(SO)}" for _ in range(sentences))


def named(chance: Random) -> str:
    """What somebody is called."""
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"
