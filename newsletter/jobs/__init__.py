"""What happens by itself, without anybody pressing a button."""

from newsletter.jobs.running import ENGINES, run
from newsletter.jobs.table import JOBS, Job, find, once

__all__ = ["ENGINES", "JOBS", "Job", "find", "once", "run"]
