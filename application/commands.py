"""Every chapter that declares commands and events, imported so that they are known by name."""

from __future__ import annotations

import domain.access
import domain.adoption
import domain.candidate
import domain.corrections
import domain.erasure
import domain.holds
import domain.interests
import domain.stages.closing
import domain.stages.commissioning
import domain.stages.escalation
import domain.stages.learning
import domain.stages.notification
import domain.stages.opening
import domain.stages.outcome
import domain.stages.publication
import domain.stages.rapid_review
import domain.stages.review
import domain.stages.theme_assignment
import domain.stages.threshold
from domain.language import COMMANDS, EVENTS

__all__ = ["COMMANDS", "EVENTS", "domain"]
