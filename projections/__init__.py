"""The read models: questions across cases, answered from tables that can be thrown away and made again from the events."""

from projections import case_list, deadlines, decisions, on_cases, themes

VIEWS = (
    case_list.VIEW,
    deadlines.VIEW,
    decisions.VIEW,
    on_cases.VIEW,
    themes.VIEW,
)
"""Every read model. A new one is a file, a test and a line here; its tables need no migration."""
