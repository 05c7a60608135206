"""A cache that forgets instead of failing: no page may depend on the broker being up."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


def _forgiving(method: str, missed: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(RedisCache, method)(self, *args, **kwargs)
        except RedisError as error:
            logger.warning("cache_unreachable", method=method, error=type(error).__name__)
            return missed(*args, **kwargs)

    return call


class LastingClient(RedisCacheClient):
    """Keeps the client of each pool: Django makes one a command, which costs more than the command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[Any, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        if pool not in self._clients:
            self._clients[pool] = self._client(connection_pool=pool)  # type: ignore[attr-defined]
        return self._clients[pool]


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache in which an unreachable server is a miss."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = LastingClient

    get = _forgiving("get", lambda key, default=None, **_: default)
    get_many = _forgiving("get_many", lambda *_, **__: {})
    add = _forgiving("add", lambda *_, **__: True)
    set = _forgiving("set", lambda *_, **__: None)
    set_many = _forgiving("set_many", lambda *_, **__: [])
    touch = _forgiving("touch", lambda *_, **__: False)
    delete = _forgiving("delete", lambda *_, **__: False)
    incr = _forgiving("incr", lambda key, delta=1, **_: delta)
