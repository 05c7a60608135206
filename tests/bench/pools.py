"""Celery's pools side by side: a bare task that makes one HTTP call to a department answering in 100 ms."""

from importlib.util import find_spec

from tests.bench import bare, delivery
from tests.bench.table import Line
from tests.stack import Stack

POOLS = (("threads", 200), ("threads", 600), ("gevent", 500), ("prefork", 2), ("prefork", 16))
FEW, MANY = 200, 1500  # calls: a pool of two processes takes its time
RESERVE = 50  # at once at the least, to be given many


def run(stack: Stack) -> list[Line]:
    """A line for each pool; gevent is no requirement of ours, so its line is there only where it is installed."""
    bare.app.conf.update(broker_url=stack.environment()["REDIS_URL"])
    lines = []
    for pool, concurrency in POOLS:
        if pool != "gevent" or find_spec("gevent"):
            with bare.worker(stack.environment(), pool, concurrency):
                delivery.trip()
                rate = delivery.bare_throughput(stack, MANY if concurrency > RESERVE else FEW)
            lines.append(Line(f"bare calls a second, -P {pool} -c {concurrency}", f"{rate:,.0f} /s"))
    return lines
