"""How many connections the relay itself lets this process have, learnt from what it refused."""

PAUSE = 1.0
"""The least seconds between two halvings: connections turned away together count once."""

GROWTH = 100
"""Messages taken after which one connection more is tried (STANDARDS XG25)."""


class RelayWindow:
    """Halved when the relay turns a connection away, one more after every 100 messages."""

    def __init__(self) -> None:
        self._window: int | None = None
        self._taken = 0
        self._narrowed_at = float("-inf")

    @property
    def is_narrow(self) -> bool:
        """Whether it is less than what is configured."""
        return self._window is not None

    def limit(self, configured: int) -> int:
        """Return how many connections to have open, at most what is configured."""
        if self._window is None:
            return configured
        if self._window >= configured:
            self._window = None
            return configured
        return self._window

    def turned_away(self, configured: int, *, at: float) -> None:
        """Note that a connection was refused; `at` is on the monotonic clock."""
        if at - self._narrowed_at < PAUSE:
            return
        self._narrowed_at = at
        self._window = max(1, self.limit(configured) // 2)
        self._taken = 0

    def taken(self) -> None:
        """Note that the relay took a message."""
        if self._window is None:
            return
        self._taken += 1
        if self._taken == GROWTH:
            self._window += 1
            self._taken = 0
