"""/metrics: the installation's numbers for Prometheus, to those who may see them."""

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import inf

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from newsletter import clock, web
from newsletter.reports import measures
from newsletter.reports.measures import Measures, ProviderMeasures

PREFIX = "stay_informed"
OTHER = "other"
"""What the sum of the smaller providers is called."""

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """Answer in Prometheus' text format; to anybody else there is no such page."""
    if not _may_see():
        abort(404)
    registry = CollectorRegistry()
    registry.register(_Once(measures.measure(now=clock.now())))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see() -> bool:
    """Tell whether who asks sits on this machine, or has the token."""
    token = current_app.config["METRICS_TOKEN"]
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(shown.strip().encode(), token.encode())
    return web.is_local()


class _Once(Collector):
    """One measurement, as the library wants to be given it."""

    def __init__(self, found: Measures) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield every family of numbers."""
        yield from _of_sending(self._found)
        yield from _of_processes(self._found)
        yield from _of_issues(self._found)
        yield from _of_providers(self._found.providers)


def _of_sending(found: Measures) -> Iterator[Metric]:
    waiting = sum(send.numbers.waiting for send in found.sends)
    in_flight = sum(send.numbers.in_flight for send in found.sends)
    yield _gauge(
        "rate_messages_per_second",
        "Messages of issues that the relay took, a second, over the last minute.",
        found.rate,
    )
    yield _gauge(
        "oldest_waiting_seconds",
        "For how long a message that is due has waited while nothing of its issue was sent.",
        found.oldest_waiting,
    )
    yield _gauge("waiting", "Messages that wait, of the issues that are not over.", waiting)
    yield _gauge("in_flight", "Messages being handed over now, one a connection.", in_flight)
    yield _gauge(
        "deferred",
        "Messages of issues being sent that wait for another try that is not due yet.",
        found.deferred,
    )
    yield _gauge(
        "uncertain",
        "Messages that the relay may have or not, of all issues: a person decides.",
        found.uncertain,
    )
    yield _gauge(
        "last_success_timestamp_seconds",
        "When the relay last took a message of an issue, in Unix time; 0 for never.",
        _unix(found.last_success_at),
    )


def _of_processes(found: Measures) -> Iterator[Metric]:
    yield _gauge("senders", "Processes that send and gave a sign of life.", found.senders)
    yield _gauge("connections", "Connections to the relay that they hold open.", found.connections)
    yield _gauge(
        "clock_heartbeat_timestamp_seconds",
        "When the clock last gave a sign of life, in Unix time; 0 for never.",
        _unix(found.clock_beat_at),
    )
    yield _gauge(
        "clock_heartbeat_age_seconds",
        "Seconds since the clock's last sign of life; more than 15 means that it stopped.",
        inf if found.clock_age is None else found.clock_age,
    )
    yield _gauge(
        "outbox_waiting",
        "Transactional mails that wait, such as confirmations.",
        found.outbox_waiting,
    )
    yield _gauge(
        "outbox_oldest_seconds",
        "For how long the oldest transactional mail is overdue.",
        found.outbox_oldest,
    )


def _of_issues(found: Measures) -> Iterator[Metric]:
    issues = _labelled("issues", "Issues in each state.", "state")
    for state, count in found.issues.items():
        issues.add_metric([state.value], count)
    yield issues
    deliveries = _labelled(
        "deliveries",
        "Recipients in each state, of the issues that are not over.",
        *("issue", "list", "state"),
    )
    for send in found.sends:
        for name, count in send.numbers.as_dict().items():
            if name != "planned":
                deliveries.add_metric([_label(send.issue_id), send.list_slug, name], count)
    yield deliveries


def _label(number: int) -> str:
    """Return what an issue is called in a label: its number, or “digest-3”."""
    return str(number) if number > 0 else f"digest-{-number}"


def _of_providers(providers: Sequence[ProviderMeasures]) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        f"{PREFIX}_provider_outcomes",
        "Answers of the relay about the mail to one provider of mailboxes, in all issues; each "
        "sender adds its own once a second, and one that is killed takes its last second along.",
        labels=["provider", "outcome"],
    )
    windows = _labelled(
        "provider_window",
        "Connections that may carry mail to a provider; only where it asked for fewer.",
        "provider",
    )
    held = _labelled("provider_held", "1 while nothing is sent to a provider.", "provider")
    successes = _labelled(
        "provider_last_success_timestamp_seconds",
        "When the relay last took a message to a provider, in Unix time.",
        "provider",
    )
    for one in providers:
        name = one.name or OTHER
        for outcome in ("sent", "deferred", "failed", "uncertain"):
            outcomes.add_metric([name, outcome], getattr(one, outcome))
        held.add_metric([name], one.is_held)
        if one.window is not None:
            windows.add_metric([name], one.window)
        if one.last_success_at is not None:
            successes.add_metric([name], _unix(one.last_success_at))
    yield from (outcomes, windows, held, successes)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, value=value)


def _labelled(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, labels=labels)


def _unix(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
