"""Where `make run` begins."""

import signal
import sys

# Until the supervisor listens to signals, Ctrl-C just ends this process: nothing runs yet, and a
# traceback from the middle of an import tells nobody anything.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from scripts import supervisor  # noqa: E402 - must come after the line above.

sys.exit(supervisor.main())
