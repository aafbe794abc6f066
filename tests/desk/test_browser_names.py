"""What browsers are called."""

import pytest

from newsletter.desk.browser_names import in_words

MOZILLA = "Mozilla/5.0"
KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (
            f"{MOZILLA} (X11; Linux x86_64) {KHTML} Chrome/140.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            f"{MOZILLA} (Windows NT 10.0) {KHTML} Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.0 Safari/605.1.15",
            "Safari on a Mac",
        ),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) {APPLE} "
            "CriOS/140.0 Mobile/15E148 Safari/604.1",
            "Chrome on an iPhone",
        ),
        (
            f"{MOZILLA} (Linux; Android 15) {KHTML} SamsungBrowser/28.0 Chrome/130.0 Mobile "
            "Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("curl/8.0", "a browser"),
        ("<script>alert(1)</script>", "a browser"),
        ("Linux", "a browser on Linux"),
        ("", "a browser"),
    ],
)
def test_a_browser_has_a_short_name(user_agent: str, words: str) -> None:
    assert in_words(user_agent) == words
