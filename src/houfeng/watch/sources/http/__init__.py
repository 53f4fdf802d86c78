"""Events over HTTP, answered when they are durable."""

from houfeng.watch.sources.http.source import HttpSource

__all__ = ["HttpSource"]
