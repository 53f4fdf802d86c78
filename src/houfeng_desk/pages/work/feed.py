"""One look at the index for everybody who listens: a thread finds new steps and hands each batch to all streams.

A stream costs a queue and a sleeping task; whatever the number of listeners, the database is asked twice a second. A
listener that cannot keep up is let go: its browser comes back with the last number it saw and is told the rest.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from houfeng.errors import HoufengError
from houfeng.office.access import Viewer
from houfeng.office.alerts.reading import last_seq
from houfeng.office.database import Office
from houfeng.office.tables import User, UserSession
from houfeng_desk.queries.news import News, after

EVERY = 0.5
BEAT = 15.0
"""Seconds between two signs of life on a stream, and between two looks at who is still signed in."""
WAITING = 64
"""Batches that may wait for one listener."""
PAGE = 500

log = logging.getLogger(__name__)

Batch = tuple[News, ...]


@dataclass(eq=False)
class Listener:
    """One open stream. Its queue holds batches; nothing (None) says that it is over."""

    viewer: Viewer
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Batch | None] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def take(self, batch: Batch | None) -> None:
        """Put a batch into the queue; where it is full the stream ends. Called in the loop."""
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            batch = None
        self.queue.put_nowait(batch)


class Feed:
    """Finds new steps and hands them on."""

    def __init__(self, office: Office, every: float = EVERY, beat: float = BEAT) -> None:
        """Nothing runs before `start`."""
        self.office = office
        self.every, self.beat = every, beat
        self.seq = 0
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="houfeng-feed", daemon=True)

    def start(self) -> None:
        """Begin at the newest step."""
        with self.office.read() as session:
            self.seq = last_seq(session)
        self._thread.start()

    def stop(self) -> None:
        """End, and end every stream."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._hand(None, self._all())

    def join(self, viewer: Viewer) -> Listener:
        """Listen from now on; to be called in the loop of the stream."""
        listener = Listener(viewer, asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
        if self._stop.is_set():
            listener.take(None)
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        with self._lock:
            self._listeners.discard(listener)

    def since(self, seq: int) -> list[News]:
        """A page of the steps after `seq`, for who comes back."""
        with self.office.read() as session:
            return after(session, seq, PAGE)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def look(self) -> None:
        """Find what is new and hand it on."""
        while True:
            with self.office.read() as session:
                found = after(session, self.seq, PAGE)
            if not found:
                return
            self.seq = found[-1].seq
            self._hand(tuple(found), self._all())

    def check(self) -> None:
        """End the streams of sessions that were ended and of people who were shut out."""
        there = self._all()
        if not there:
            return
        ids = {one.viewer.session_id for one in there if one.viewer.session_id is not None}
        with self.office.read() as session:
            alive = set(
                session.scalars(
                    select(UserSession.id)
                    .join(User, User.id == UserSession.user_id)
                    .where(UserSession.id.in_(ids), UserSession.ended_at.is_(None), User.active)
                    .where(UserSession.expires_at > self.office.clock())
                )
            )
        gone = [one for one in there if one.viewer.session_id is not None and one.viewer.session_id not in alive]
        self._hand(None, gone)

    def _all(self) -> list[Listener]:
        with self._lock:
            return list(self._listeners)

    def _hand(self, batch: Batch | None, to: Sequence[Listener]) -> None:
        """Give a batch to listeners, with one call into each loop."""
        loops: dict[asyncio.AbstractEventLoop, list[Listener]] = {}
        for listener in to:
            loops.setdefault(listener.loop, []).append(listener)
        for loop, own in loops.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_give, batch, own)

    def _run(self) -> None:
        since_check, faulty = 0.0, False
        while not self._stop.wait(self.every):
            try:
                self.look()
                since_check += self.every
                if since_check >= self.beat:
                    since_check = 0.0
                    self.check()
                faulty = False
            except (HoufengError, DBAPIError) as fault:  # the database is away: streams stay open, and hear of it later
                if not faulty:
                    log.error("alerts are not handed on: %s", fault)
                faulty = True


def _give(batch: Batch | None, listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        listener.take(batch)
