"""A cache that forgets instead of failing: no page may depend on the broker being up."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def _forgiving(method: str, missed: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(RedisCache, method)(self, *args, **kwargs)
        except RedisError as error:
            logger.warning("cache_unreachable method=%s error=%s", method, type(error).__name__)
            return missed(*args, **kwargs)

    return call


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache in which an unreachable server is a miss."""

    get = _forgiving("get", lambda key, default=None, **_: default)
    get_many = _forgiving("get_many", lambda *_, **__: {})
    add = _forgiving("add", lambda *_, **__: True)
    set = _forgiving("set", lambda *_, **__: None)
    set_many = _forgiving("set_many", lambda *_, **__: [])
    touch = _forgiving("touch", lambda *_, **__: False)
    delete = _forgiving("delete", lambda *_, **__: False)
    incr = _forgiving("incr", lambda key, delta=1, **_: delta)
