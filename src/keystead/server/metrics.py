"""What the server counts, in Prometheus' text form.  No label comes from a caller's text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Metrics(Collector):
    """Counts answers by status; sizes are asked for when somebody looks."""

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]], *others: Collector) -> None:
        """`gauges` maps a name to its help text and what reads it; `others` are what other parts count."""
        self.answers: dict[int, int] = {}
        self._gauges = gauges
        self._registry = CollectorRegistry()
        for each in (self, *others):
            self._registry.register(each)

    def count(self, status: int) -> None:
        """Count one answer."""
        self.answers[status] = self.answers.get(status, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        return self._metrics()

    def _metrics(self) -> Iterator[Metric]:
        answered = CounterMetricFamily("keystead_answers", "API answers by HTTP status", labels=["status"])
        for status, number in sorted(self.answers.items()):
            answered.add_metric([str(status)], number)
        yield answered
        for name, (help_text, read) in self._gauges.items():
            yield GaugeMetricFamily(f"keystead_{name}", help_text, read())

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)
