"""Forgets Idempotency-Keys after their time."""

import asyncio

import sqlalchemy as sa
import structlog

from node_gateway.service.clock import Clock
from node_gateway.store.database import Database
from node_gateway.store.intake import delete_answers_before

EVERY_S = 3_600.0
MILLISECONDS_OF_DAY = 86_400_000
_log = structlog.get_logger()


async def forget_old_answers(database: Database, clock: Clock, *, days: int) -> None:
    """Runs until cancelled. A database that fails is tried again the next time."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            async with database.writing() as connection:
                count = await delete_answers_before(
                    connection, created_before_ms=clock.now_ms() - days * MILLISECONDS_OF_DAY
                )
        except (sa.exc.SQLAlchemyError, OSError) as error:
            _log.warning("forgetting_failed", error=type(error).__name__)
        else:
            _log.info("answers_forgotten", count=count)
