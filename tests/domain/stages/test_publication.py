"""Publication: planned, sent ahead, read by a second person, held back where it must be, published and deposited."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.holds import HoldLifted, HoldPlaced
from domain.people import PARTNERS
from domain.stages.commissioning import ReviewCommissioned
from domain.stages.publication import (
    AnonymisationChecked,
    CheckAnonymisation,
    DecidePublication,
    DepositInRepository,
    LearningBriefPublished,
    LearningBriefWithdrawn,
    PlanPublication,
    PrePublicationCopySent,
    PublicationDecided,
    PublicationPlanned,
    PublishLearningBrief,
    PublishReport,
    ReportDeposited,
    ReportPublished,
    SendPrePublicationCopy,
    WithdrawLearningBrief,
)
from domain.stages.review import ReportDrafted, ReportEndorsed
from domain.working_days import NEWEST
from tests.domain.given import MANAGER, A, B, Story, Tellable, Told, by, given, opened, person

REVIEWER = "reviewer/college/reviewer-k"
OFFICER = "partnership-officer"
BRIEF = B

ENDORSED: list[Tellable] = [
    opened(),
    ReviewCommissioned(review="practice-review", commissioners=PARTNERS),
    by(REVIEWER, ReportDrafted(digest=A, final=True)),
    ReportEndorsed(digest=A, outcome="endorsed", review="practice-review"),
]
CHECKED = by(OFFICER, AnonymisationChecked(digest=A))
HELD = HoldPlaced(ref="hold-1", scope="publication", asked_by="CPS", basis="trial", review_on=date(2025, 3, 3))
PUBLISHED = ReportPublished(digest=A, location="the partnership's page", family_told=True)
BRIEF_CHECKED = by(OFFICER, AnonymisationChecked(digest=BRIEF))
BRIEF_PUBLISHED = LearningBriefPublished(digest=BRIEF)


def copy_sent(on: date = date(2024, 10, 1), digest: str = A) -> Told:
    return by(MANAGER, PrePublicationCopySent(digest=digest, recipients=("the Panel",)), on=on)


class TestAPlan:
    ASKED = PlanPublication(publish_on=date(2025, 4, 1))

    def test_is_made_once_the_report_is_endorsed(self) -> None:
        given(ENDORSED).when(self.ASKED).then(PublicationPlanned(ref="publication-1", publish_on=date(2025, 4, 1)))

    def test_made_again_takes_the_place_of_the_earlier_one(self) -> None:
        moved = given(ENDORSED, self.ASKED).when(PlanPublication(publish_on=date(2025, 5, 1), ref="may"))
        assert moved.then(PublicationPlanned(ref="may", publish_on=date(2025, 5, 1))).case.publication.publish_on == date(2025, 5, 1)

    def test_bears_a_ref_of_its_own(self) -> None:
        given(ENDORSED, self.ASKED).when(PlanPublication(publish_on=date(2025, 5, 1), ref="publication-1")).then_refused("already used")

    def test_is_too_early_before_endorsement(self) -> None:
        given(opened()).when(self.ASKED).then_refused("not endorsed", "BOL-167")


class TestACopyAhead:
    def asked(self, digest: str = A) -> SendPrePublicationCopy:
        return SendPrePublicationCopy(digest=digest, recipients=("the Panel", "the Secretary of State", "Ofsted"))

    def test_is_of_the_endorsed_text(self) -> None:
        given(ENDORSED).when(self.asked()).then(PrePublicationCopySent)

    def test_is_of_no_other_text(self) -> None:
        given(ENDORSED).when(self.asked(B)).then_refused("not endorsed", "BOL-167")

    def test_is_too_early_before_endorsement(self) -> None:
        given(opened()).when(self.asked()).then_refused("not endorsed", "BOL-167")

    def test_sent_twice_counts_from_the_first(self) -> None:
        story = given(ENDORSED, copy_sent(date(2024, 10, 8)), copy_sent(date(2024, 10, 1)), copy_sent(date(2024, 10, 9)))
        assert story.case.publication.copies == {A: date(2024, 10, 1)}


class TestTheDecisionToPublish:
    @pytest.mark.parametrize("form", ["full", "improvements-only", "withheld"])
    def test_is_one_of_three(self, form: Any) -> None:
        given(ENDORSED).when(DecidePublication(form=form, rationale="so agreed")).then(PublicationDecided(form=form, rationale="so agreed"))

    def test_says_why(self) -> None:
        with pytest.raises(ValidationError):
            DecidePublication(form="withheld", rationale=" ")


class TestACheckForAnonymity:
    ASKED = CheckAnonymisation(digest=A)

    def test_is_made_by_a_second_person(self) -> None:
        given(ENDORSED).when(self.ASKED, by=OFFICER).then(AnonymisationChecked(digest=A))

    def test_is_not_made_by_the_author(self) -> None:
        given(ENDORSED).when(self.ASKED, by=REVIEWER).then_refused("same person as the author", "anonym", "TOOL-16")

    def test_is_not_made_by_the_author_though_somebody_handed_the_text_in_again(self) -> None:
        again = by(OFFICER, ReportDrafted(digest=A, final=True))
        given(ENDORSED, again).when(self.ASKED, by=REVIEWER).then_refused("same person as the author")

    def test_may_be_made_by_the_author_of_another_text(self) -> None:
        given(ENDORSED).when(CheckAnonymisation(digest=B), by=REVIEWER).then(AnonymisationChecked)


class TestPublishing:
    """Thursday 10 October 2024: the seventh working day before it is Tuesday 1 October."""

    ASKED = PublishReport(digest=A, location="the partnership's page", family_told=True)

    def when_asked(self, *told: Any, digest: str = A) -> Story:
        return given(*told).when(self.ASKED.model_copy(update={"digest": digest}), calendar=NEWEST)

    def test_follows_a_copy_a_check_and_endorsement(self) -> None:
        self.when_asked(ENDORSED, copy_sent(), CHECKED).then(PUBLISHED)

    def test_is_too_early_six_working_days_after_the_copy(self) -> None:
        self.when_asked(ENDORSED, copy_sent(date(2024, 10, 2)), CHECKED).then_refused("fewer than 7 working days before", "CLK-11")

    def test_is_refused_without_a_copy(self) -> None:
        self.when_asked(ENDORSED, CHECKED).then_refused("fewer than 7 working days before", "none of this text", "CLK-11")

    def test_is_refused_where_the_copy_was_of_another_text(self) -> None:
        self.when_asked(ENDORSED, copy_sent(digest=B), CHECKED).then_refused("fewer than 7 working days before")

    def test_is_refused_without_a_check(self) -> None:
        self.when_asked(ENDORSED, copy_sent()).then_refused("not checked for anonymity", "TOOL-16")

    def test_is_refused_where_another_text_was_checked(self) -> None:
        self.when_asked(ENDORSED, copy_sent(), BRIEF_CHECKED).then_refused("not checked for anonymity")

    def test_is_refused_under_a_publication_hold(self) -> None:
        self.when_asked(ENDORSED, copy_sent(), CHECKED, HELD).then_refused("publication hold", "BOL-146")

    def test_goes_ahead_once_the_hold_is_lifted(self) -> None:
        self.when_asked(ENDORSED, copy_sent(), CHECKED, HELD, HoldLifted(ref="hold-1")).then(ReportPublished)

    def test_is_refused_for_a_text_that_is_not_endorsed(self) -> None:
        story = self.when_asked(ENDORSED, copy_sent(digest=B), by(OFFICER, AnonymisationChecked(digest=B)), digest=B)
        story.then_refused("not endorsed", "BOL-167")

    def test_is_refused_once_another_text_is_drafted(self) -> None:
        later = by(REVIEWER, ReportDrafted(digest=B, final=False))
        self.when_asked(ENDORSED, copy_sent(), CHECKED, later).then_refused("not endorsed")

    def test_is_refused_where_the_partners_decided_to_withhold_it(self) -> None:
        withheld = PublicationDecided(form="withheld", rationale="the siblings would be found")
        self.when_asked(ENDORSED, copy_sent(), CHECKED, withheld).then_refused("withheld", "BOL-146")

    def test_goes_ahead_once_they_decided_otherwise(self) -> None:
        decisions = [PublicationDecided(form=form, rationale="so agreed") for form in ("withheld", "full")]
        self.when_asked(ENDORSED, copy_sent(), CHECKED, decisions).then(ReportPublished)

    def test_is_refused_for_every_rule_it_breaks(self) -> None:
        self.when_asked(opened(), HELD).then_refused("publication hold", "not endorsed", "fewer than 7 working days", "anonymity")


class TestADeposit:
    ASKED = DepositInRepository(repository="the national repository", named=False)

    def test_follows_publication(self) -> None:
        given(ENDORSED, PUBLISHED).when(self.ASKED).then(ReportDeposited)

    def test_is_too_early_before_it(self) -> None:
        given(ENDORSED).when(self.ASKED).then_refused("not published", "CLK-12")


class TestALearningBrief:
    PUBLISH = PublishLearningBrief(digest=BRIEF)
    WITHDRAW = WithdrawLearningBrief(because="a parent was recognised")

    def test_is_published_once_a_second_person_has_checked_it(self) -> None:
        given(opened(), BRIEF_CHECKED).when(self.PUBLISH).then(BRIEF_PUBLISHED)

    def test_is_too_early_before_the_check(self) -> None:
        given(opened()).when(self.PUBLISH).then_refused("not checked for anonymity", "TOOL-16")

    def test_is_not_checked_by_whoever_publishes_it(self) -> None:
        given(opened(), AnonymisationChecked(digest=BRIEF)).when(self.PUBLISH).then_refused("not checked for anonymity by a second person")

    def test_may_be_checked_by_both(self) -> None:
        given(opened(), AnonymisationChecked(digest=BRIEF), BRIEF_CHECKED).when(self.PUBLISH).then(LearningBriefPublished)

    def test_whose_author_is_known_may_be_checked_by_whoever_publishes_it(self) -> None:
        written = by(REVIEWER, ReportDrafted(digest=BRIEF, final=False))
        given(opened(), written, AnonymisationChecked(digest=BRIEF)).when(self.PUBLISH).then(LearningBriefPublished)

    def test_waits_under_a_publication_hold(self) -> None:
        given(opened(), BRIEF_CHECKED, HELD).when(self.PUBLISH).then_refused("publication hold", "BOL-146")

    def test_is_withdrawn_with_its_reason(self) -> None:
        story = given(opened(), BRIEF_CHECKED, BRIEF_PUBLISHED).when(self.WITHDRAW)
        assert not story.then(LearningBriefWithdrawn(because="a parent was recognised")).case.publication.brief_published

    def test_is_withdrawn_alone_where_it_is_named(self) -> None:
        story = given(opened(), BRIEF_PUBLISHED, LearningBriefPublished(digest=A))
        assert story.when(WithdrawLearningBrief(digest=A, because="outdated")).case.publication.briefs == (BRIEF,)

    def test_is_not_withdrawn_before_one_is_published(self) -> None:
        given(opened(), BRIEF_CHECKED).when(self.WITHDRAW).then_refused("No learning brief is published", "BOL-176")

    def test_that_is_named_is_withdrawn_only_if_it_is_published(self) -> None:
        asked = WithdrawLearningBrief(digest=A, because="outdated")
        given(opened(), BRIEF_PUBLISHED).when(asked).then_refused("not published", "BOL-176")


def test_who_checked_is_remembered_by_the_text() -> None:
    assert given(ENDORSED, CHECKED).case.publication.checked == {A: frozenset({person(OFFICER)})}
