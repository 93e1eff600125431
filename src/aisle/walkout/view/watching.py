"""Moments out of a recording: a replay runs once, and is looked at between two readings.

What a moment shows is what the shop knew then, not what it found out later: a take appears when the scales have
settled and the belief has explained it, a second or two after the hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aisle.belief.events import EventRecord
from aisle.sensing.jpeg import decoded_jpeg
from aisle.sensing.readings import FrameReading, HealthEntry, Reading, Recording, TrackReading
from aisle.store.model import Store
from aisle.walkout.replay import NS, Replay, ReplayOptions, Session
from aisle.walkout.view.moment import BasketLine, BasketNow, CameraShot, Happening, Moment, PersonThere, Place

FloatArray = npt.NDArray[np.float64]
TAIL_S = 8.0
THERE_S = 0.8  # somebody not seen for longer is not drawn
GONE_S = 3.0  # nor thought to be in the store any more when last seen near a way out ...
NEAR_GATE_M = 1.5
LOST_S = 30.0  # ... or anywhere, after this
PATIENCE_S = 20.0  # a moment is shown this long after its time at the latest, tracks or not
MOST_FRAMES = 1500  # of a camera, kept while the replay is behind
LEAST = 0.5  # happenings are told when more probable than not
_LONG_ID = 14
FOUND = "shopper-"  # how `walkout.eyes` names people it finds: with numbers of its own


@dataclass(frozen=True, slots=True)
class Span:
    """When a recording begins and ends (event time of its readings), and when most people were seen last."""

    t0_ns: int
    t1_ns: int
    busiest_ns: int | None


def span_of(recording: Recording) -> Span:
    """Reads the recording once; raises RecordingError when it holds nothing."""
    first, last, most, busiest = 1 << 62, 0, 0, None
    for reading in recording.readings():
        first, last = min(first, reading.t_ns), max(last, reading.t_ns)
        if isinstance(reading, TrackReading) and len(reading.ids) >= max(1, most):
            most, busiest = len(reading.ids), reading.t_ns
    return Span(min(first, last), last, busiest)


class _EnoughError(Exception):
    """Every wanted moment has been seen; the rest of the recording need not be replayed."""


def watch(
    recording: Recording,
    times_ns: Sequence[int],
    look: Callable[[Moment], None],
    options: ReplayOptions | None = None,
    *,
    replay: Callable[[Recording, ReplayOptions], Replay] = Replay,
    passed: Callable[[int], None] = lambda t_ns: None,
) -> None:
    """Replay the recording, `look` at the shop at each of the times in ascending order, and go no further than needed.

    `replay` makes the replay whose engine is asked; `passed` is told the time of every reading as it is taken; raises
    RecordingError as the replay does.
    """
    wanted = deque(sorted(times_ns))
    seen = ShopView(recording.store, recording.name)

    class _Looking:
        """The recording, with a look at the replay whenever a wanted time has come."""

        name, store = recording.name, recording.store

        @property
        def health(self) -> tuple[HealthEntry, ...]:
            return recording.health

        def readings(self) -> Iterator[Reading]:
            for reading in recording.readings():
                show(reading.t_ns - round(PATIENCE_S * NS))  # nobody is tracked
                passed(reading.t_ns)
                seen.see(reading)
                yield reading

    def show(until_ns: int) -> None:
        while wanted and until_ns > wanted[0]:
            look(seen.moment(running, wanted.popleft()))
        if not wanted:
            raise _EnoughError

    running = replay(_Looking(), options or ReplayOptions())

    def observed(reading: TrackReading) -> None:  # in order of event time, a little after the readings came
        show(reading.t_ns)
        seen.track(reading, running)

    running.observed = observed
    try:
        running.run()
    except _EnoughError:
        return
    while wanted:
        look(seen.moment(running, wanted.popleft()))


@dataclass(slots=True)
class _Sighting:
    t_ns: int
    head_m: FloatArray
    wrists_m: FloatArray
    staff: bool


@dataclass(slots=True)
class ShopView:
    """What passed by so far, for a replay or a running shop: feed every reading to `see`, every frame of tracks to
    `track` once the engine has observed it, and ask for the `moment` whenever a picture is wanted."""

    store: Store
    name: str
    t0_ns: int | None = None
    frames: dict[str, deque[FrameReading]] = field(default_factory=dict)  # by camera: the newest wanted, and later ones
    numbers: dict[str, int] = field(default_factory=dict)  # person -> number
    seen: dict[str, _Sighting] = field(default_factory=dict)
    tails: dict[str, deque[tuple[int, float, float]]] = field(default_factory=dict)

    def see(self, reading: Reading) -> None:
        if self.t0_ns is None:
            self.t0_ns = reading.t_ns
        if isinstance(reading, FrameReading) and any(c.camera_id == reading.camera for c in self.store.cameras):
            self.frames.setdefault(reading.camera, deque(maxlen=MOST_FRAMES)).append(reading)

    def track(self, reading: TrackReading, replay: Session) -> None:
        persons = replay.engine.people.identities.person_of
        for k, ident in enumerate(reading.ids):
            person = persons.get(ident, ident)
            self.numbers.setdefault(person, len(self.numbers) + 1)
            head = np.asarray(reading.heads_m[k], dtype=np.float64)
            staff = bool({person, ident} & self.store.staff)
            self.seen[person] = _Sighting(reading.t_ns, head, np.asarray(reading.wrists_m[k], dtype=np.float64), staff)
            if np.isfinite(head[:2]).all():
                tail = self.tails.setdefault(person, deque())
                tail.append((reading.t_ns, float(head[0]), float(head[1])))
                while tail[0][0] < reading.t_ns - TAIL_S * NS:
                    tail.popleft()

    def moment(self, replay: Session, t_ns: int) -> Moment:
        happenings = self._happenings(replay, t_ns)
        since = (t_ns - self.t0_ns) / NS if self.t0_ns is not None else 0.0
        return Moment(
            store=self.store,
            t_ns=t_ns,
            since_s=since,
            shots=dict(self._shots(t_ns)),
            people=tuple(self._people(t_ns)),
            baskets=tuple(self._basket(replay, person, happenings, t_ns) for person in self.numbers),
            happenings=happenings,
            health=replay.health(),
            title=self.name,
        )

    def _shots(self, t_ns: int) -> Iterator[tuple[str, CameraShot]]:
        for camera, frames in self.frames.items():
            while len(frames) > 1 and frames[1].t_ns <= t_ns:
                frames.popleft()
            image = decoded_jpeg(frames[0].jpeg)
            if image is not None and frames[0].t_ns <= t_ns:
                yield camera, CameraShot(image, frames[0].t_ns)

    def _people(self, t_ns: int) -> Iterator[PersonThere]:
        for person, sighting in self.seen.items():
            if t_ns - sighting.t_ns <= THERE_S * NS:
                tail = np.array([(x, y) for _, x, y in self.tails.get(person, ())]).reshape(-1, 2)
                number = self.numbers[person]
                yield PersonThere(number, person, sighting.head_m, sighting.wrists_m, tail, sighting.staff)

    def _basket(self, replay: Session, person: str, happenings: Sequence[Happening], t_ns: int) -> BasketNow:
        number, sighting = self.numbers[person], self.seen[person]
        name = shown_name(person, number)
        if sighting.staff:
            return BasketNow(number, name, "staff", (), 1.0)
        post = replay.engine.posterior(person)
        basket, probability = post.baskets[0]
        sure = replay.engine.people.identities.confidence.get(person, 1.0)
        order = {h.name: h.t_ns for h in happenings if h.number == number and h.quantity > 0}
        lines = []
        for gtin in sorted(set(basket)):
            product, count = self.store.products[gtin], basket.count(gtin)
            p = sure * post.line_probability(gtin, count)
            lines.append(BasketLine(product.name, count, product.price_minor * count, p))
        lines.sort(key=lambda line: (order.get(line.name, 0), line.name))
        place: Place = "left" if self._gone(person, t_ns) else "in the store"
        return BasketNow(number, name, place, tuple(lines), sure * probability)

    def _gone(self, person: str, t_ns: int) -> bool:
        unseen_s = (t_ns - self.seen[person].t_ns) / NS
        if unseen_s <= GONE_S:
            return False
        tail = self.tails.get(person)
        last = tail[-1][1:] if tail else (np.nan, np.nan)
        near = [_distance(last, gate.a_m, gate.b_m) for gate in self.store.gates if gate.kind != "entry"]
        return unseen_s > LOST_S or not near or min(near) < NEAR_GATE_M

    def _happenings(self, replay: Session, t_ns: int) -> tuple[Happening, ...]:
        found = [h for r in replay.engine.final_events(LEAST) if r.t1_ns <= t_ns for h in self._acts(r)]
        return tuple(sorted(found, key=lambda h: (h.t_ns, h.gondola, h.shelf, h.name)))

    def _acts(self, record: EventRecord) -> Iterator[Happening]:
        """The acts of the most probable explanation in which somebody acted, each with all that speaks for it."""
        acting = [acts for acts, _, _ in record.explanations if acts]
        shelf = self.store.shelves[record.shelf]
        for act in acting[0] if acting else ():
            same = sum(p for acts, _, p in record.explanations if any(a[:4] == act[:4] for a in acts))
            product = self.store.products.get(act.gtin or "")
            yield Happening(
                record.t1_ns,
                self.numbers.get(act.who),
                product.name if product else "something unknown",
                -act.sign * act.quantity,
                min(1.0, same),
                shelf.gondola,
                shelf.shelf,
                record.plates,
            )


def shown_name(person: str, number: int) -> str:
    """What a card calls somebody: their own name if it is one to read, else their number."""
    own = len(person) <= _LONG_ID and not person.isdigit() and not person.startswith(FOUND)
    return person if own else f"Shopper {number}"


def _distance(point: Sequence[float], a: Sequence[float], b: Sequence[float]) -> float:
    """From a point to a segment, in metres; inf for a point never seen."""
    p, start, end = np.asarray(point, dtype=np.float64), np.asarray(a), np.asarray(b)
    if not np.isfinite(p).all():
        return np.inf
    along = end - start
    t = float(np.clip((p - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0))
    return float(np.linalg.norm(p - start - t * along))
