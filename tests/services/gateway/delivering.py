"""One call taken and delivered here and now, without a worker."""

from datetime import datetime
from uuid import UUID

from services.gateway import delivery


def claim(call_id: UUID, now: datetime | None = None) -> delivery.Claim | None:
    """The call if it could be taken."""
    claimed = delivery.claim([call_id], now)
    return claimed[0] if claimed else None


def deliver(call_id: UUID) -> None:
    """Deliver the call if it can be taken."""
    claimed = claim(call_id)
    if claimed is not None:
        delivery.deliver(claimed)
