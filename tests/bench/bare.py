"""What Celery costs by itself: the limits that the gateway is measured against. Its worker serves the queue `bare`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import urllib3
from celery import Celery

CONCURRENCY = 200
app = Celery("bare", broker=os.environ.get("REDIS_URL", ""))
app.conf.update(
    task_ignore_result=True, task_default_queue="bare", worker_prefetch_multiplier=1, worker_hijack_root_logger=False
)
_pool = urllib3.PoolManager(num_pools=4, maxsize=CONCURRENCY)
_broker: "redis.Redis | None" = None


def broker() -> "redis.Redis":
    global _broker
    if _broker is None:
        _broker = redis.Redis.from_url(app.conf.broker_url)
    return _broker


@app.task(name="bare.echo")
def echo(key: str) -> None:
    """There and back: whoever waits on the list hears of it."""
    broker().lpush(key, 1)


@app.task(name="bare.fetch")
def fetch(key: str, url: str, body: str, headers: dict[str, str]) -> None:
    """The department's own HTTP call, and nothing stored."""
    answer = _pool.request("POST", url, body=body.encode(), headers=headers)
    assert answer.status == 200, answer.data
    broker().lpush(key, 1)


@contextmanager
def worker(env: dict[str, str], pool: str = "threads", concurrency: int = CONCURRENCY) -> Iterator[None]:
    """A worker of its own; with threads, as the gateway's has, unless another of Celery's pools is named."""
    command = [
        sys.executable, "-m", "celery", "-A", "tests.bench.bare", "worker", "-Q", "bare", "-P", pool,
        "-c", str(concurrency), "-n", "bare@ferry", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        "--without-heartbeat",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
