"""Whether a call costs more with a long history: two portals side by side, one with a million calls behind it."""

import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from tests.bench import delivery
from tests.bench.calls import Answers
from tests.bench.citizen import REST, Citizen
from tests.bench.table import Line
from tests.stack import Stack, running

HISTORY = 1_000_000
ROUNDS, WARM_UP = 100, 10
LOAD_ROUNDS, LOAD = 3, 400
MOST = 1.10
PAST = """
    INSERT INTO gateway_servicecall (
        id, receipt, function_id, version_id, backend_id, caller, idempotency_key, language, payload, sent_sha256,
        status, trouble, accepted_at, priority, traceparent, due_at, attempt_count, lookup_count, finished_at
    )
    SELECT gen_random_uuid(), 'OLD-' || n, version.function_id, version.id, version.backend_id,
        'user:' || md5((n %% 300000)::text)::uuid, n::text, 'en', sealed.payload, repeat('0', 64),
        (ARRAY['completed', 'completed', 'completed', 'rejected'])[n %% 4 + 1], '', moment.at, 0, '', moment.at, 1, 0,
        moment.at + interval '1 second'
    FROM generate_series(1, %(calls)s) n
    CROSS JOIN LATERAL (SELECT now() - interval '1 year' * n / %(calls)s AS at) moment
    JOIN (
        SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, function_id, backend_id
        FROM registry_functionversion
    ) version ON version.place = n %% (SELECT count(*) FROM registry_functionversion)
    CROSS JOIN (SELECT payload FROM gateway_servicecall LIMIT 1) sealed"""
TRIES = """
    INSERT INTO gateway_attempt (
        call_id, backend_id, kind, number, started_at, duration_ms, outcome, detail, sent_sha256, received_sha256
    )
    SELECT id, backend_id, 'send', 1, accepted_at, 40, 'answered', '', repeat('0', 64), repeat('0', 64)
    FROM gateway_servicecall WHERE receipt LIKE 'OLD-%'"""


def run(young: Stack, citizen: Citizen, variables: dict[str, str]) -> list[Line]:
    """The same two figures on both, in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder,
        running(Path(folder), **variables) as old,
    ):
        stacks, citizens = (young, old), (citizen, Citizen(old))
        for stack, each in zip(stacks, citizens, strict=True):
            stack.set_mode("td-rest", "ok", delivery.DELAY_MS)
            assert each.follow(each.call(REST)) == "completed"
            each.hang_up()
        _live_through(old)
        functions = [delivery.prepare(stack) for stack in stacks]
        answers = [Answers(stack) for stack in stacks]
        pairs = list(zip(answers, citizens, strict=True))
        waits = [[_wait(*pair) for pair in pairs] for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
        young_ms, old_ms = (statistics.median(column) for column in zip(*waits, strict=True))
        rates = [
            [
                delivery.throughput(stack, delivery.posts(stack, each, forms, LOAD))
                for stack, each, forms in zip(stacks, citizens, functions, strict=True)
            ]
            for _ in range(1 + LOAD_ROUNDS)
        ][1:]
        young_rate, old_rate = (statistics.median(column) for column in zip(*rates, strict=True))
    slower, fewer = old_ms / young_ms, young_rate / old_rate
    return [
        Line(f"call accepted to answer published, {HISTORY:,} calls before", f"{old_ms:.1f} ms",
             f"{young_ms:.1f} ms without", f"{slower:.2f}", f"<= {MOST:.2f}", slower <= MOST),
        Line(f"calls a second, {HISTORY:,} calls before", f"{old_rate:,.0f} /s", f"{young_rate:,.0f} /s without",
             f"{fewer:.2f}", f"<= {MOST:.2f}", fewer <= MOST),
    ]  # fmt: skip


def _wait(answers: Answers, citizen: Citizen) -> float:
    return answers.wait_after(lambda: citizen.call(REST))


def _live_through(stack: Stack) -> None:
    """A year's calls, each with its attempt."""
    began = time.perf_counter()
    with psycopg.connect(stack.environment()["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(PAST, {"calls": HISTORY})
        connection.execute(TRIES)
        connection.execute("VACUUM ANALYZE")
    print(f"  {HISTORY:,} calls written in {time.perf_counter() - began:.0f} s", flush=True)
