"""A recording goes in, receipts come out.

Readings flow once through merge, grid, detector and belief; nothing here looks
at the clock of the machine, so the same recording always gives the same
receipts.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from aisle.belief.engine import BeliefEngine, BeliefSettings
from aisle.belief.events import EventRecord
from aisle.belief.questions import Question, expected_risk_minor, question_for
from aisle.belief.visits import Visits
from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector
from aisle.sensing.grid import PlateBlock, PlateGrid
from aisle.sensing.health import HealthMonitor
from aisle.sensing.merge import EventTimeMerge
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading, Recording, TrackReading
from aisle.sensing.recordings import open_recording
from aisle.store.model import Store
from aisle.vision.evidence import Evidence, ShelfSight, known_at_ns
from aisle.walkout.clip_folder import ClipWish
from aisle.walkout.completeness import Presence, judged
from aisle.walkout.eyes import Eyes, Glimpse, shop_eyes
from aisle.walkout.lookout import Lookout
from aisle.walkout.outcome import Alternative, Event, Line, Outcome, Receipt

if TYPE_CHECKING:
    from aisle.walkout.clip_writer import ClipWriter

NS = 1_000_000_000
TAKE_EVERY = 40  # plate readings between two looks at the grid: about two seconds of a shop with five gondolas
PATIENCE_S = 6
COMPARED_S = 2.2  # before and after a hand was at a noisy shelf: so long its weight is averaged ...
ASIDE_S = 0.25  # ... so far aside from the hand
UNTOLD = 0.001  # no receipt is surer than this leaves: what no hypothesis tells of
LONGEST_SILENCE_S = 600.0  # of all gondolas; beyond it the middle of the silence gets no samples
LOOK_NS = NS  # between two looks for reaches only cameras can explain
TRACKS_WITHIN_NS = 2 * NS  # a tracker that has not spoken by then is none
LEFT_S = 60.0  # a shopper not seen for so long has left for good


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`sequential`: the baseline that decides every event at once; `heads_only`: do as if no wrists had been seen.

    `clips`: where pictures of changes are wanted; no receipt depends on it.
    """

    sequential: bool = False
    heads_only: bool = False
    clips: ClipWish | None = None


def replay(path: Path, options: ReplayOptions | None = None) -> Outcome:
    """Receipts of one recording; raises RecordingError when it cannot be read at all."""
    return Replay(open_recording(path), options or ReplayOptions()).run()


class Session:
    """The shop from the first reading to the receipts: one core for recordings and for live devices.

    Push readings in the order in which they are heard; `finish` says who has what.  `recording` names the session, has
    its store, and tells the health of where readings come from; its readings are for `Replay` to fetch.
    """

    def __init__(self, recording: Recording, options: ReplayOptions, evidence: Iterable[Evidence] = ()) -> None:
        """`evidence` is what cameras testify beside the recording's tracks, in the order in which it can be known.

        `observed`, when set, is told every reading of tracks, given or made of pixels, as soon as the engine knows it.
        """
        self.recording, self.options = recording, options
        self.evidence = deque(evidence)
        store = recording.store
        self.merge = EventTimeMerge()
        self.grid = PlateGrid(store, longest_silence_s=LONGEST_SILENCE_S)
        self.monitor = HealthMonitor(store)
        self.detector = ChangeDetector([s.plate_count for s in store.shelves])
        self.engine = BeliefEngine(store, BeliefSettings(sequential=options.sequential))
        self.presence = Presence()
        self.visits = Visits(store.shelves)
        lightest = [
            min((w for f in store.facings_at.get(s.key, ()) if (w := _weight(store, f.gtin))), default=np.inf)
            for s in store.shelves
        ]
        self.lightest_g = np.array(lightest)
        self.lookout = Lookout(self.engine)
        self.looked_ns = 0
        self.pushed = 0  # plate readings
        self.told: dict[int, Episode] = {}  # by shelf: the last one
        self.waiting: list[Episode] = []
        self.first_ns: int | None = None
        self.last_ns = 0
        self.observed: Callable[[TrackReading], None] | None = None
        self.clips = _clip_writer(store, options.clips) if options.clips is not None else None
        self.noted = 0  # events whose clips were asked for

    def take(self, glimpse: Glimpse) -> None:
        """What the eyes made of a moment: people, testimony, and pictures that may be wanted for a clip."""
        for evidence in glimpse.evidence:
            self.testify(evidence)
        if self.clips is not None:
            self.clips.look(glimpse)
        self.push(glimpse.reading)

    def push(self, reading: Reading) -> None:
        """Take one reading in; it is used when the slower devices have got past its time."""
        for settled in self.merge.push(reading):
            self._take(settled)

    def testify(self, evidence: Evidence) -> None:
        """What a camera saw beside people; it counts from when it can be known."""
        insort(self.evidence, evidence, key=known_at_ns)

    def baskets(self) -> tuple[Receipt, ...]:
        """Who has what by now, of all shoppers whose receipts are not final."""
        return tuple(self._receipt(who) for who in self.engine.people.tracks if self.engine.follows(who))

    def finish(self) -> Outcome:
        """At the end of all readings: who has what."""
        for settled in self.merge.flush():
            self._take(settled)
        for block in iter(self.grid.flush, None):
            self._detect(block)
        self._explain(self.detector.flush())
        self.lookout.due(self.last_ns, self.told, last=True)
        self.engine.settle(self.last_ns + round(LEFT_S * NS))
        if self.clips is not None:
            self._note_changes(self.clips)
            self.clips.finish(self.last_ns)
        return self._outcome()

    def _take(self, reading: Reading) -> None:
        """One reading, in order of event time."""
        if self.first_ns is None:
            self.first_ns = reading.t_ns
        self.last_ns = max(self.last_ns, reading.t_ns)
        while self.evidence and known_at_ns(self.evidence[0]) <= self.last_ns:
            self._testify(self.evidence.popleft())
        if isinstance(reading, PlateReading):
            self.grid.push(reading)
            self.pushed += 1
            if self.pushed % TAKE_EVERY == 0:
                for block in iter(self.grid.take, None):
                    self._detect(block)
                self._close()
        elif isinstance(reading, TrackReading):
            self._observe(reading)
        if self.last_ns - self.looked_ns >= LOOK_NS:
            self.looked_ns = self.last_ns
            self.lookout.due(self.last_ns, self.told)
            if not self.pushed:  # a shop without plates
                self._close()
            if self.clips is not None:
                self._note_changes(self.clips)
                self.clips.pass_time(self.last_ns)

    def _note_changes(self, clips: ClipWriter) -> None:
        """Ask for clips of what the engine has found since the last time."""
        clips.ask(self.engine.events[self.noted :])
        self.noted = len(self.engine.events)

    def _observe(self, reading: TrackReading) -> None:
        self.monitor.see_people(reading)
        if self.options.heads_only:
            unseen = np.full_like(reading.wrists_m, np.nan)
            reading = replace(reading, wrists_m=unseen, holding=None, wrist_sigma_m=None)
        self.lookout.watched |= reading.holding is not None
        self.engine.observe(reading)
        for ident in reading.ids:
            self.presence.see(self.engine.people.identities.person_of[ident], reading.t_ns)
        if self.observed is not None:
            self.observed(reading)

    def _testify(self, evidence: Evidence) -> None:
        self.lookout.watched |= isinstance(evidence, ShelfSight)
        self.engine.see(evidence)

    def _detect(self, block: PlateBlock | None) -> None:
        if block is not None and len(block.grams):
            self.monitor.see_plates(block)
            self.lookout.hear(block)
            episodes = self.detector.feed(block.t0_ns, block.grams)
            self.told.update((e.shelf, e) for e in episodes)
            self._explain(episodes + self._looked_twice(block.t1_ns), block.t1_ns)

    def _looked_twice(self, until_ns: int) -> list[Episode]:
        """Compare shelves on which light things may go unnoticed, before and after a hand was there."""
        people = self.engine.people
        faint = np.flatnonzero(self.lightest_g < self.detector.faintest_g())
        out = []
        for visit in self.visits.over(people, people.seconds(until_ns), faint):
            t0, t1 = people.nanoseconds(visit.t0_s - ASIDE_S), people.nanoseconds(visit.t1_s + ASIDE_S)
            begin, end = t0 - round(COMPARED_S * NS), t1 + round(COMPARED_S * NS)
            last = self.told.get(visit.shelf)
            if last is not None:
                begin = max(begin, last.plateaus[-1].t0_ns)
            e = self.detector.compare(visit.shelf, (begin, t0), (t1, end))
            if e is not None:
                self.told[visit.shelf] = e
                out.append(e)
        return out

    def _explain(self, episodes: list[Episode], until_ns: int | None = None) -> None:
        """Hand episodes on in the order in which they began; `until_ns` None: all of them.

        One that ended is kept back while an older one is still going on elsewhere, for what is put down there may have
        been taken here; but no longer than `PATIENCE_S`.
        """
        self.waiting.extend(episodes)
        self.waiting.sort(key=lambda e: (e.plateaus[0].t1_ns, e.shelf, e.first_plate))
        oldest = self.detector.busy_since_ns if until_ns is not None else None
        while self.waiting:
            e = self.waiting[0]
            late = until_ns is not None and e.plateaus[-1].t0_ns < until_ns - PATIENCE_S * NS
            if oldest is not None and e.plateaus[0].t1_ns > oldest and not late:
                break
            self.engine.explain(self.waiting.pop(0))

    def _close(self) -> None:
        """Receipts of shoppers long gone are final."""
        now = self.engine.people.seconds(self.last_ns)
        for who, track in self.engine.people.tracks.items():
            if track.last_t < now - LEFT_S and self.engine.follows(who):
                self.engine.settle(self.last_ns)
                self.engine.close(who)

    def _outcome(self) -> Outcome:
        health = self.health()
        first = self.first_ns if self.first_ns is not None else self.last_ns
        outcome = Outcome(
            recording=self.recording.name,
            duration_s=(self.last_ns - first) / NS,
            complete=True,
            health=health,
            receipts=tuple(self._receipt(who) for who in self.engine.people.tracks),
            events=tuple(self._event(r) for r in self.engine.final_events()),
            t0_ns=self.first_ns,
        )
        return judged(outcome, self.presence.intervals, self.recording.store, sighted=self.lookout.watched)

    def health(self) -> tuple[HealthEntry, ...]:
        """What was wrong so far with the devices, and with what they sent."""
        clips = self.clips.health if self.clips is not None else ()
        return (*self.recording.health, *self.merge.health, *self.grid.health, *self.monitor.entries(), *clips)

    def _receipt(self, who: str) -> Receipt:
        store = self.recording.store
        identities = self.engine.people.identities
        post = self.engine.posterior(who)
        sure = (1.0 - UNTOLD) * identities.confidence.get(who, 1.0)  # that all the track ids joined are this person
        staff = bool(store.staff & {who, *(t for t, person in identities.person_of.items() if person == who)})
        basket, p = post.baskets[0] if not staff else ((), 1.0)  # staff have no receipts
        lines = tuple(
            Line(g, store.products[g].name, basket.count(g), sure * post.line_probability(g, basket.count(g)))
            for g in sorted(set(basket))
        )
        prices = {g: p.price_minor for g, p in store.products.items()}
        question = None if self.options.sequential else question_for(self.engine, who)
        tracks = tuple(t for t, person in identities.person_of.items() if person == who)
        return Receipt(
            shopper=who,
            role="staff" if staff else "customer",
            lines=lines,
            probability=sure * p,
            alternatives=tuple(Alternative({g: b.count(g) for g in b}, sure * q) for b, q in post.baskets[1:5]),
            tracks=tracks,
            seen_ns=self.presence.span(who),
            risk_minor=expected_risk_minor(post, prices),
            question=question_as_dict(question, self._clip(question.event)) if question else None,
        )

    def _event(self, r: EventRecord) -> Event:
        shelf = self.recording.store.shelves[r.shelf]
        told = tuple(
            {"acts": [a._asdict() for a in acts], "why": why, "probability": p} for acts, why, p in r.explanations
        )
        clip = self._clip(r.event)
        return Event(r.t1_ns, shelf.gondola, shelf.shelf, r.plates, r.grams, r.sigma_g, told, clip)

    def _clip(self, event: int) -> str | None:
        return self.clips.clips.get(event) if self.clips is not None else None


class Replay(Session):
    """One pass over a recording.

    Where it has frames and nobody tells where people are, `eyes` look at the frames (see `walkout.eyes`); given tracks
    are taken as they are.  Where clips are wanted eyes look at the frames in any case: somebody has to find the heads.
    """

    def __init__(
        self,
        recording: Recording,
        options: ReplayOptions,
        evidence: Iterable[Evidence] = (),
        eyes: Callable[[Store], Eyes] = shop_eyes,
    ) -> None:
        super().__init__(recording, options, evidence)
        self._make_eyes = eyes
        self._eyes: Eyes | None = None
        self._frames: list[FrameReading] = []  # of the first moments, until it is known whether tracks are given
        self._tracked = False
        self._aside = False  # do the eyes look for clips only?
        self._unplaced = 0  # frames of a store that does not know where its cameras hang

    def run(self) -> Outcome:
        """Feed everything, then say who has what; ModelFileError when eyes are needed and their network is missing."""
        for reading in self.recording.readings():
            if isinstance(reading, FrameReading):
                self._look(reading)
                continue
            self._tracked |= isinstance(reading, TrackReading)
            self.push(reading)
        if self._frames and (not self._tracked or self.clips is not None):
            self._open_eyes()
        if self._eyes is not None:
            self._take_glimpses(self._eyes.finish())
        return self.finish()

    def _look(self, frame: FrameReading) -> None:
        if self._eyes is not None:
            self._take_glimpses(self._eyes.see(frame))
        elif not self.recording.store.cameras:
            self._unplaced += 1
        elif not self._tracked or self.clips is not None:
            self._frames.append(frame)
            if frame.received_ns - self._frames[0].received_ns > TRACKS_WITHIN_NS:
                self._open_eyes()

    def _open_eyes(self) -> None:
        eyes = self._eyes = self._make_eyes(self.recording.store)
        self._aside = self._tracked
        if self.clips is not None:
            self.clips.faults = lambda: eyes.health
        for frame in self._frames:
            self._take_glimpses(eyes.see(frame))
        self._frames.clear()

    def _take_glimpses(self, glimpses: Iterable[Glimpse]) -> None:
        for glimpse in glimpses:
            if not self._aside:
                self.take(glimpse)
            elif self.clips is not None:
                self.clips.look(glimpse)

    def health(self) -> tuple[HealthEntry, ...]:
        """Also what the eyes found wrong, or why they had nothing to look at."""
        unplaced = HealthEntry(
            "frame-loss",
            "cameras",
            f"{self._unplaced} pictures were not looked at: the store has no camera (docs/calibration.md adds one)",
        )
        return (
            *super().health(),
            *(self._eyes.health if self._eyes is not None and not self._aside else ()),
            *((unplaced,) if self._unplaced and not self._tracked else ()),
        )


def _clip_writer(store: Store, wish: ClipWish) -> ClipWriter:
    from aisle.walkout.clip_writer import ClipWriter  # brings OpenCV, which no replay without pictures needs

    return ClipWriter(store, wish)


def _weight(store: Store, gtin: str) -> float | None:
    product = store.products.get(gtin)
    return product.weight_g if product else None


def question_as_dict(q: Question, clip: str | None = None) -> dict[str, Any]:
    """The question as the outcome carries it: what to ask, about which event, what may be answered, and its `clip`."""
    out = {
        "event": q.event,
        "t_ns": q.t_ns,
        "gondola": q.gondola,
        "shelf": q.shelf,
        "plates": list(q.plates),
        "text": q.text,
        "options": [{"text": o.text, "probability": o.probability} for o in q.options],
        "gain": q.gain,
    }
    return out if clip is None else {**out, "clip": clip}
