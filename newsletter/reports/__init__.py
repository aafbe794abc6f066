"""Questions about the ledger: how many, who got it, if not why not, is anybody working."""

from newsletter.reports.leaving import left
from newsletter.reports.numbers import (
    Failure,
    Report,
    failures,
    report,
    reports_of,
    uncertain,
)
from newsletter.reports.progress import Progress, progress_of
from newsletter.reports.signs import (
    CLOCK,
    SILENCE,
    Readiness,
    beat,
    clock_is_alive,
    readiness,
)
from newsletter.reports.tracing import Trace, issue_of, trace

__all__ = [
    "CLOCK",
    "SILENCE",
    "Failure",
    "Progress",
    "Readiness",
    "Report",
    "Trace",
    "beat",
    "clock_is_alive",
    "failures",
    "issue_of",
    "left",
    "progress_of",
    "readiness",
    "report",
    "reports_of",
    "trace",
    "uncertain",
]
