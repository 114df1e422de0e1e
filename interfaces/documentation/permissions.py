"""`docs/permissions.md`: who may ask what, from the one table; and what each role may read."""

from __future__ import annotations

from pathlib import Path

from application.policy.kinds import KINDS
from application.policy.matrix import MATRIX as READING
from domain.people import ROLES
from domain.roles import CAPACITIES, WHO
from interfaces.documentation.markdown import code, page, table

INTRODUCTION = """\
Who may ask what is one table, `WHO` in [domain/roles.py](../domain/roles.py). A capacity is a role, a role with its organisation
(`delegated-partner/local-authority`), or something that the events of a case make somebody, such as its facilitator. Before any rule
of a stage is looked at, four sentences refuse:

- whoever has declared an interest on the case that is not resolved may ask nothing on it (R-8);
- a reviewer who was removed may ask nothing on it;
- whose access was ended may ask nothing on it but to break the glass;
- a case belongs to one partnership, and nobody else's role counts on it (X-3).

Where the business manager has such an interest, the facilitator and the partnership officer may ask whatever the business manager
may, and the event says on whose behalf (R-26).

Over HTTP a role that is given a command on no case is refused before any case is looked at (403). For whoever may not know of a case
there is none (404), in the same words and at the same cost; but whom a command itself admits goes on: to break the glass, to notify, to
say as a candidate that they have an interest. A glass is broken or it is not: with `dry_run` or `If-Match`, or refused, it admits nobody.
Another case or a candidate that a command names is none either for whoever may not know of it; only a link is made before. Whoever knows
the case is told the rule (403). A refusal that rests on what somebody may not read says no more than its rule; of events they missed (412)
all are counted, and those named that they may know of; a dry run tells the clocks they may read. What was answered under a key is answered
again whatever has become of its asker: it is their own deed."""

FOUND: dict[str, str] = {
    "anybody on the case": "everybody but a theme analyst and an administrator",
    "anyone with a post in the partnership": (
        "whoever holds a post there; who speaks for themselves (parent, community member, young person, participant), a theme analyst "
        "and an administrator do not"
    ),
    "deputy": "appointed by a partner on this case",
    "facilitator": "the one last assigned",
    "author of the agency": "an agency author whose organisation is the agency",
    "anyone who notified": "who submitted a notification on the case, or is of the same organisation by their post",
    "challenger": "who raised the challenge, or is of the same organisation by their post",
    "anyone heard": "who hears the challenge, and the challenger",
    "anyone who hears the challenge": "who holds one of the roles that hear it at its level",
    "commissioner": "a delegated partner for a practice review; for any other the implementation group chair or the business manager",
    "reviewer of the case": "appointed, and not removed",
    "participant": "the person of whom the participation is recorded",
    "endorser of the organisation": "a delegated partner or partnership member of the organisation named",
    "owner agency": "whose post is in an organisation that owes the recommendation",
    "granter": "the lead partner for inspectors and escalation reviewers, the business manager for all others",
    "adopter": "the administrator for national editions, the lead partner for their partnership's own",
}
"""What makes somebody hold each capacity that is found from events, in words."""

LETTERS = """\
What each role may read and do. **C** creates or acts · **D** decides or endorses · **F** reads in full · **P** reads under pseudonyms ·
**O** own items only · **A** aggregates only · *records* enters what others decide · *metadata* sees that there is an entry, when and
by whom · *read* what was published · – nothing. What stands in brackets is when it holds. Whoever creates and reads no more, reads what
they entered; whoever decides, reads what they decide on.

The matrix is data, [application/policy/matrix.toml](../application/policy/matrix.toml). What decides are the policies beside it, made to
be read: [by-role.cedar](../application/policy/by-role.cedar), [for-a-time.cedar](../application/policy/for-a-time.cedar) and
[never.cedar](../application/policy/never.cedar). A test compares them with every cell
([0018](decisions/0018-who-may-read.md)). Every answer of the service is held to them. The command line asks no policy: whoever runs it has
the databases and the keys. What it shows is noted as a look of theirs, in the role of an administrator."""

CASES = """\
Need to know is by case: a role is somebody's only on the cases they are on. On a case are the posts of its partnership whose row is
not limited to some cases, and whoever an event of the case made part of it."""

BESIDE = """\
- A declared interest, a removal as reviewer and an ended access shut out at once, and from all that was before.
- A deputy reads what the partner reads who appointed them, on that case, by a recorded delegation.
- Inspectors and escalation reviewers read until the end of the day until which the lead partner let them in; whoever broke the glass
  until the instant that the procedure sets, unless they are of the family. That is told at once, by e-mail, to the business managers and
  information governance of the partnership who asked for reminders, stands among the absences of the case until it is judged, and in each
  digest of information governance until then. Information governance reads participants while it is let in for a complaint.
- Whoever hears a challenge reads decisions under pseudonyms until it is settled; an agency that owes a recommendation reads that one.
- Another partnership's business manager and partners read the notification, the rapid review and decisions under pseudonyms, once
  each partnership has linked the two cases (same incident, siblings, across areas).
- Support is read by the business manager and by the person; never by a reviewer.
- Who notified is read by those who read the form in full, and never by the family.
- A hold on an interview keeps that person from what others said; one on disclosure keeps the reviews from witnesses, agencies and
  neighbours; one on publication keeps what was published with those who prepare it.
- Whether a child is known is asked by those who open cases by their post and read every notification in full; they are told of cases whose
  notification they read in full, and of no other ([0019](decisions/0019-do-we-know-this-child.md)).
- A list across cases shows the cases that somebody knows of, and of each the rows whose kind they may read, as the case itself shows
  them; what is counted is counted of these. Figures of themes are of the cases whose themes they read. Who reads aggregates is told
  totals of their partnership with small numbers hidden.
- The feed of events tells an event to those who read it in full, or whose own it is, field by field. A calendar and a digest are
  those of whoever asked for them, as they stand on each case when it is made.
- What is recorded of somebody's looking is theirs to know (`GET /access`), of every case; which case it was, while they may know of it.
- A document is opened only by those who read in full something that names it: bytes have no pseudonyms.
- Under pseudonyms a child goes by their ref, others by role and number, the same throughout a case and in no other. Names and birth
  dates known to the case are replaced in free text too; what nobody recorded as a name cannot be."""

MATRIX_HEADINGS = ("role", *(column.heading for column in READING.columns.values()))
MATRIX = tuple((", ".join(row.roles), *(row.cell(column) for column in READING.columns)) for row in READING.rows)


def document(checkout: Path) -> str:
    return page(
        "Permissions",
        INTRODUCTION,
        "## Who may ask what",
        table(("command", "capacities"), ((f"`{command}`", code(*who)) for command, who in WHO.items())),
        "## Capacities found from events",
        table(("capacity", "who holds it"), ((f"`{name}`", FOUND[name]) for name in CAPACITIES)),
        "## Roles",
        code(*ROLES),
        "## Who may read what",
        LETTERS,
        table(MATRIX_HEADINGS, MATRIX),
        CASES,
        table(("role", "on a case"), ((", ".join(row.roles), row.on_a_case) for row in READING.rows)),
        "Beside the matrix:",
        BESIDE,
        "## Kinds of information",
        "Every event and field is of one kind ([kinds.toml](../application/policy/kinds.toml)); what has none is read by nobody.",
        table(("kind", "what it is"), ((f"`{kind}`", what) for kind, what in KINDS.kinds.items())),
    )
