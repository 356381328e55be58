"""What the gateway counts, for Prometheus.  Every label is bounded.

plane, outcome, scope, measure are words of this program; model is a name of the catalogue, never of a request, and
beyond `MOST_MODELS` it is "other"; upstream is the ID that `keystead model list` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from keystead.gateway.catalogue import Model
from keystead.gateway.pool import Pool
from keystead.identity.model_keys import Limit

MOST_MODELS = 100
MOST_UPSTREAMS = 1000
OTHER = "other"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class GatewayMetrics(Collector):
    """Used from the event loop; `collect` runs when somebody looks.  open: requests that are being answered."""

    def __init__(self, pool: Pool, models: Callable[[], Iterable[Model]], waiting: Callable[[], int]) -> None:
        """models: those that were loaded last.  waiting: usage rows that are not in the database yet."""
        self._pool = pool
        self._models = models
        self._waiting = waiting
        self._known: set[str] = set()
        self.open = 0
        self._calls = Counter(
            "keystead_model_calls",
            "Requests of the data planes; model is empty where none was reached",
            ["plane", "model", "outcome"],
            registry=None,
        )
        self._tokens = Counter("keystead_model_tokens", "Tokens of model calls", ["model", "direction"], registry=None)
        self._first = Histogram(
            "keystead_model_first_byte_seconds",
            "From a model call's arrival to the first byte of its answer",
            ["plane", "model"],
            buckets=_SECONDS,
            registry=None,
        )
        self._whole = Histogram(
            "keystead_model_call_seconds",
            "From a model call's arrival to its end",
            ["plane", "model"],
            buckets=_SECONDS,
            registry=None,
        )
        self._refused = Counter(
            "keystead_model_limit_refusals", "Refusals by the limit that bound", ["scope", "measure"], registry=None
        )

    def called(self, plane: str, model: str, outcome: str, first: float | None, whole: float) -> None:
        """A request has ended.  model: "" where none was reached.  first: None where nothing was sent; seconds."""
        name = self._label(model) if model else ""
        self._calls.labels(plane, name, outcome).inc()
        if name:
            self._whole.labels(plane, name).observe(whole)
            if first is not None:
                self._first.labels(plane, name).observe(first)

    def used(self, model: str, given: int, made: int) -> None:
        """What a call has used."""
        name = self._label(model)
        self._tokens.labels(name, "input").inc(given)
        self._tokens.labels(name, "output").inc(made)

    def refused(self, limit: Limit) -> None:
        """A limit has bound."""
        self._refused.labels(limit.scope, limit.measure).inc()

    def _label(self, model: str) -> str:
        if model not in self._known:
            if len(self._known) >= MOST_MODELS:
                return OTHER
            self._known.add(model)
        return model

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        for each in (self._calls, self._tokens, self._first, self._whole, self._refused):
            yield from each.collect()
        up = GaugeMetricFamily(
            "keystead_upstream_up", "1 while a model server is used, 0 while it is left alone", labels=_UPSTREAM
        )
        failures = GaugeMetricFamily(
            "keystead_upstream_failures", "Failures of a model server since it last answered", labels=_UPSTREAM
        )
        servers = ((model.name, server) for model in self._models() for server in model.upstreams)
        for name, server in islice(servers, MOST_UPSTREAMS):
            state = self._pool.state(server)
            up.add_metric([name, server.id], float(not state.left_alone))
            failures.add_metric([name, server.id], state.failures)
        yield up
        yield failures
        yield GaugeMetricFamily("keystead_model_calls_open", "Requests of the data planes that run", self.open)
        yield GaugeMetricFamily("keystead_usage_queued", "Usage rows waiting to be written", self._waiting())


_UPSTREAM = ["model", "upstream"]
