"""The watch over a shop whose cameras nobody calibrated: pictures in, people with lasting identities out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aisle.vision.background import BackgroundModel
from aisle.vision.looks.appearance import Looks
from aisle.vision.seen import Bytes, FloatArray, Image, PeopleDetector
from aisle.vision.watch.identities import Identity, grouped
from aisle.vision.watch.presence import STEP_PX, Floor, differing, present
from aisle.vision.watch.tracks import CameraTracks, Habits, Track

CLEAR_SCORE = 0.5  # a detector's score from which a crop says what somebody looks like
CLEAR_HEIGHT = 0.2  # of the picture's height
LOOK_EVERY_NS = 300_000_000
MILESTONES = frozenset((2, 3, 4, 6, 8, 12, 16, 24, 32, 48))  # looks at which identities are worked out anew
REMEMBERED = 300  # ended tracks that may still be somebody who comes back
MOST_TOLD = 3000  # tracks of which it can still be said who they were
NOBODY = np.zeros((0, 4))


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """A camera and the outline of the shop's floor in its picture."""

    camera_id: str
    floor: Floor


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person in one picture; `identity` is None while the person was not seen clearly enough to say who it is."""

    track_id: int
    box_px: FloatArray  # (4,)
    whole: bool  # a detector saw the body; otherwise only a part of it differs from the background
    identity: Identity | None


class _Eye:
    def __init__(self, camera: WatchedCamera, habits: Habits, memory: int) -> None:
        self.floor = camera.floor
        self.background = BackgroundModel(memory)
        self.tracks = CameraTracks(camera.camera_id, habits)


class ShopWatch:
    """Watches several cameras together; one instance a shop, fed in order of time.

    Everything it says is a function of the pictures.  `memory` as in `BackgroundModel`.
    """

    def __init__(
        self,
        cameras: Sequence[WatchedCamera],
        detector: PeopleDetector,
        looks: Looks,
        habits: Habits | None = None,
        memory: int = 600,
    ) -> None:
        self._habits = habits or Habits()
        self._eyes = {camera.camera_id: _Eye(camera, self._habits, memory) for camera in cameras}
        self._detector, self._looks = detector, looks
        self._next_id = 1
        self._ended: list[Track] = []
        self._identities: dict[int, Identity] = {}

    def learn(self, camera_id: str, pictures: Iterable[Image]) -> None:
        """Show a camera's background beforehand: pictures of the shop at any time, people in them may walk about."""
        for picture in pictures:
            self._eyes[camera_id].background.update(picture, NOBODY)

    def step(self, t_ns: int, pictures: Mapping[str, Image]) -> dict[str, tuple[Sighting, ...]]:
        """The people in each camera's picture of this moment (nanoseconds).

        Raises ValueError for a camera that was not named beforehand.
        """
        for camera_id in pictures:
            if camera_id not in self._eyes:
                raise ValueError(f"camera: found {camera_id!r}, must be one of {', '.join(self._eyes)}")
        names = list(pictures)
        backgrounds = [self._eyes[name].background.picture for name in names]
        people = self._detector.detect([pictures[name] for name in names], backgrounds)
        out: dict[str, list[Track]] = {}
        anew = False
        for name, seen in zip(names, people, strict=True):
            eye, picture = self._eyes[name], pictures[name]
            apart = differing(picture, eye.background)
            known = eye.background.clear if eye.background.settled else None
            here = present(seen.boxes_px, seen.scores, apart, known, eye.floor, (picture.shape[0], picture.shape[1]))
            tracks, ended = eye.tracks.update(t_ns, here, self._next_id)
            self._next_id = max([self._next_id, *(track.track_id + 1 for track in tracks)])
            self._ended = (self._ended + [t for t in ended if t.looks_count])[-REMEMBERED:]
            hidden = [t.box_px for t in tracks if t.whole and t.moves(self._habits)]
            eye.background.update(picture, np.array(hidden).reshape(-1, 4))
            scores = {box.tobytes(): float(score) for box, score in zip(here.boxes_px, here.scores, strict=True)}
            anew |= self._look(t_ns, picture, apart, tracks, scores)
            out[name] = [track for track in tracks if track.believed(self._habits)]
        if anew:
            alive = [track for eye in self._eyes.values() for track in eye.tracks.live]
            self._identities |= grouped([*self._ended, *alive], self._looks)
            for oldest in sorted(self._identities)[:-MOST_TOLD]:
                del self._identities[oldest]
        return {name: tuple(self._sighting(track) for track in tracks) for name, tracks in out.items()}

    def identity_of(self, track_id: int) -> Identity | None:
        """Who the track is by all that was seen until now, also later than the track; None when long ago."""
        return self._identities.get(track_id)

    def _sighting(self, track: Track) -> Sighting:
        return Sighting(track.track_id, track.box_px.copy(), track.whole, self.identity_of(track.track_id))

    def _look(
        self, t_ns: int, picture: Image, apart: Bytes, tracks: Sequence[Track], scores: Mapping[bytes, float]
    ) -> bool:
        """Take a look at those seen clearly, not too often; whether that may change who is who."""
        height, width = picture.shape[:2]
        crops, masks, of = [], [], []
        for track in tracks:
            x0, y0, x1, y1 = (int(v) for v in np.clip(track.box_px, 0, [width, height, width, height]))
            clear = track.whole and scores.get(track.box_px.tobytes(), 0.0) >= CLEAR_SCORE
            if clear and y1 - y0 >= CLEAR_HEIGHT * height and x1 > x0 and t_ns - track.looked_ns >= LOOK_EVERY_NS:
                crops.append(picture[y0:y1, x0:x1])
                part = apart[y0 // STEP_PX : -(-y1 // STEP_PX), x0 // STEP_PX : -(-x1 // STEP_PX)]
                masks.append(np.repeat(np.repeat(part, STEP_PX, 0), STEP_PX, 1)[: y1 - y0, : x1 - x0])
                of.append(track)
        if not crops:
            return False
        fitting = [m if m.shape == c.shape[:2] and m.any() else None for m, c in zip(masks, crops, strict=True)]
        for track, vector in zip(of, self._looks.of(crops, fitting), strict=True):
            track.seen_as(vector, t_ns)
        return any(track.looks_count in MILESTONES for track in of)
