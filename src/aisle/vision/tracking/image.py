"""The tracker of one camera nobody calibrated: boxes in, the same boxes with ids that last out, all in pixels.

Kalman filter over middle and size with noise in proportion to the box's height (as SORT and its heirs have it), pairing
in two stages after ByteTrack (Y. Zhang et al., ECCV 2022): sure boxes first, then the unsure ones for whoever is left,
which is how people half hidden are kept.  Unlike those, a pairing costs nats: a Gaussian of place and shape under the
predicted covariance, the overlap's surprise and, where given, looks, each against clutter; so that a person lost for
long may be found far off only where nothing speaks against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.appearance import Appearance, blended, cosines
from aisle.vision.tracking.association import IMPOSSIBLE, best, marginals

S_PER_NS = 1e-9
LOOKS_NEEDED = 3.0


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Lengths as shares of the box's height, seconds, probabilities."""

    place_noise: float = 0.05  # of a sure box; unsure ones are worse
    size_noise: float = 0.07
    speed_q: float = 0.25  # white acceleration, heights^2 / s^3
    size_q: float = 0.01
    pace: float = 0.6  # spread of speeds of people just found, heights / s
    sure: float = 0.6  # scores from which a box may begin a track
    least: float = 0.1  # scores below are not looked at
    clutter: float = 0.4  # false boxes per picture
    detected: float = 0.85
    born: float = 0.35
    confirm: float = 0.85
    drop: float = 0.05
    gate_nats: float = 11.0
    stays_s: float = 4.0
    coast_s: float = 2.0
    looks_weight: float = 0.7
    lingers_s: float = 0.2  # unseen people are still told of for so long


@dataclass(frozen=True, slots=True)
class PicturePeople:
    """n people in one picture at `t_ns`: ids, boxes (n, 4) as believed, `which` (n,) the detection (-1: unseen now,
    carried on), `confidence` (n,) that somebody is there."""

    t_ns: int
    ids: tuple[str, ...]
    boxes_px: FloatArray
    which: npt.NDArray[np.intp]
    confidence: FloatArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class _Tracks:
    """n tracks as parallel arrays; `mean` (n, 4, 2) of middle x, y, width, height and their rates per second, each pair
    with its own covariance `cov` (n, 4, 2, 2)."""

    ids: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, np.object_))
    mean: FloatArray = field(default_factory=lambda: np.zeros((0, 4, 2)))
    cov: FloatArray = field(default_factory=lambda: np.zeros((0, 4, 2, 2)))
    exists: FloatArray = field(default_factory=lambda: np.zeros(0))
    seen_s: FloatArray = field(default_factory=lambda: np.zeros(0))
    which: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    look: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    look_weight: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.ids)

    def join(self, other: _Tracks) -> None:
        for f in fields(self):
            setattr(self, f.name, np.concatenate([getattr(self, f.name), getattr(other, f.name)]))

    def keep(self, which: npt.NDArray[np.bool_]) -> None:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name)[which])


def _centred(boxes_px: FloatArray) -> FloatArray:
    """Corner boxes (n, 4) as middle x, y, width, height (n, 4)."""
    size = boxes_px[:, 2:] - boxes_px[:, :2]
    return np.concatenate([boxes_px[:, :2] + size / 2, size], axis=1)


def _cornered(boxes: FloatArray) -> FloatArray:
    """Middle x, y, width, height (n, 4) as corner boxes (n, 4)."""
    half = np.maximum(boxes[:, 2:], 1.0) / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


class ImageTracker:
    """Follows people in one camera's pictures of `size_px` (width, height); `make_id` gives new ids."""

    def __init__(
        self, size_px: tuple[int, int], make_id: Callable[[], str], settings: ImageSettings | None = None
    ) -> None:
        self.settings = settings or ImageSettings()
        self.size_px, self._make_id = size_px, make_id
        self.appearance = Appearance()
        self._tracks = _Tracks()
        self._first_ns: int | None = None
        self._t = 0.0

    def step(self, t_ns: int, seen: PeopleSeen) -> PicturePeople:
        """Take what was seen at `t_ns`; returns everybody as known now. Pictures must come in order of time."""
        if self._first_ns is None:
            self._first_ns = t_ns
        t = (t_ns - self._first_ns) * S_PER_NS
        if t < self._t:
            raise ValueError(
                f"picture at {t_ns} ns lies {self._t - t:.3f} s before the last one; they must be in order"
            )
        dt_s, self._t = t - self._t, t
        tracks = self._tracks
        if seen.looks.shape[1] and not tracks.look.shape[1]:
            tracks.look = np.zeros((len(tracks), seen.looks.shape[1]))
        self._predict(dt_s)
        found = np.zeros(len(tracks))
        tracks.which = np.full(len(tracks), -1, np.intp)
        sure = np.flatnonzero(seen.scores >= self.settings.sure)
        unsure = np.flatnonzero((seen.scores < self.settings.sure) & (seen.scores >= self.settings.least))
        everybody = np.arange(len(tracks))
        explained = self._pair(everybody, sure, seen, found)
        self._pair(np.flatnonzero(tracks.which < 0), unsure, seen, found)
        self._exist(found)
        self._birth(sure[explained < 0.5], seen)
        self._confirm_and_drop()
        return self._people(t_ns)

    def _predict(self, dt_s: float) -> None:
        s, tracks = self.settings, self._tracks
        if not len(tracks) or dt_s <= 0:
            return
        F = np.array([[1.0, dt_s], [0.0, 1.0]])
        fade = math.exp(-dt_s / s.coast_s)
        tracks.mean = tracks.mean @ F.T
        tracks.mean[:, 2:, 1] *= fade
        unseen = self._t - dt_s - tracks.seen_s > 0
        tracks.mean[unseen, :2, 1] *= fade
        shape = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
        q = np.array([s.speed_q, s.speed_q, s.size_q, s.size_q])
        tall = tracks.mean[:, 3, 0] ** 2
        tracks.cov = F @ tracks.cov @ F.T + tall[:, None, None, None] * q[:, None, None] * shape
        tracks.exists = tracks.exists * math.exp(-dt_s / s.stays_s)

    def _pair(
        self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], seen: PeopleSeen, found: FloatArray
    ) -> FloatArray:
        """Match tracks `rows` to boxes `columns`; returns the probability (m,) that each box is explained."""
        s, tracks = self.settings, self._tracks
        if not len(rows) or not len(columns):
            return np.zeros(len(columns))
        boxes, scores = _centred(seen.boxes_px[columns]), seen.scores[columns]
        gain = self._log_ratio(rows, boxes, scores)
        if seen.looks.shape[1]:
            alike = cosines(tracks.look[rows], seen.looks[columns])
            known = (tracks.look_weight[rows] >= LOOKS_NEEDED)[:, None]
            gain += s.looks_weight * np.where(known, self.appearance.log_ratio(alike), 0.0)
        seeing = tracks.exists[rows] * s.detected
        gain += np.log(seeing / (1.0 - seeing))[:, None]
        picture = np.zeros(len(columns), np.intp)
        pairing = marginals(gain, picture)
        hit, chosen = best(gain, picture)
        found[rows] = np.maximum(found[rows], pairing.sum(axis=1))
        self._correct(rows[hit], columns[chosen], boxes[chosen], scores[chosen])
        if seen.looks.shape[1] and len(hit):
            self._learn_looks(rows[hit], seen.looks[columns[chosen]], alike[hit][:, chosen], pairing[hit, chosen])
        explained = pairing.sum(axis=0)
        explained[chosen] = 1.0
        return np.asarray(explained)

    def _noise(self, tall: FloatArray, scores: FloatArray) -> FloatArray:
        """Variances (n, 4) of boxes of height `tall` (n,): unsure boxes are cut off or merged more often."""
        s = self.settings
        worse = 1.0 + 2.0 * np.clip(1.0 - scores, 0.0, 1.0)
        share = np.array([s.place_noise, s.place_noise, s.size_noise, s.size_noise])
        return np.asarray((tall * worse)[:, None] ** 2 * share**2)

    def _log_ratio(self, rows: npt.NDArray[np.intp], boxes: FloatArray, scores: FloatArray) -> FloatArray:
        """Log ratios (n, m) of "this box is that person" against clutter, by place and shape."""
        s, tracks = self.settings, self._tracks
        tall = tracks.mean[rows, 3, 0]
        R = self._noise(np.ones(len(boxes)), scores)[None] * (tall**2)[:, None, None]
        off = boxes[None] - tracks.mean[rows, :, 0][:, None]
        S = tracks.cov[rows, :, 0, 0][:, None] + R
        half = 0.5 * (off**2 / S).sum(axis=2)
        log_density = -half - 0.5 * np.log(S).sum(axis=2) - 2.0 * math.log(2.0 * math.pi)
        # Clutter: anywhere in the picture, of any size up to half of what the track's box is.
        log_clutter = math.log(s.clutter / (self.size_px[0] * self.size_px[1])) - 2.0 * np.log(0.6 * tall)[:, None]
        odds = np.clip(scores, 0.05, 0.97)
        ratio = log_density - log_clutter + np.log(odds / (1.0 - odds))[None]
        return np.where(half < s.gate_nats, ratio, IMPOSSIBLE)

    def _correct(
        self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], boxes: FloatArray, scores: FloatArray
    ) -> None:
        tracks = self._tracks
        tracks.which[rows], tracks.seen_s[rows] = columns, self._t
        R = self._noise(tracks.mean[rows, 3, 0], scores)
        cov = tracks.cov[rows]
        gain = cov[..., 0] / (cov[..., 0, 0] + R)[..., None]
        tracks.mean[rows] += gain * (boxes - tracks.mean[rows, :, 0])[..., None]
        tracks.cov[rows] = cov - gain[..., :, None] * cov[..., None, 0, :]

    def _learn_looks(
        self, rows: npt.NDArray[np.intp], looks: FloatArray, alike: FloatArray, sureness: FloatArray
    ) -> None:
        tracks = self._tracks
        known = np.isfinite(looks).all(axis=1)
        rows, looks, sureness, alike = rows[known], looks[known], sureness[known], alike[np.ix_(known, known)]
        clear = (sureness > 0.8) & (tracks.look_weight[rows] >= LOOKS_NEEDED)
        self.appearance.same.learn(np.diag(alike)[clear])
        if len(rows) > 1:
            apart = ~np.eye(len(rows), dtype=bool) & clear[:, None] & clear[None]
            self.appearance.different.learn(alike[apart])
        sure = sureness > 0.6
        good = rows[sure]
        tracks.look[good], tracks.look_weight[good] = blended(
            tracks.look[good], tracks.look_weight[good], looks[sure], np.ones(len(good))
        )

    def _exist(self, found: FloatArray) -> None:
        s, tracks = self.settings, self._tracks
        unseen = (1.0 - s.detected) * tracks.exists / (1.0 - s.detected * tracks.exists)
        # People behind others are hidden, not gone: who was long seen is given up slowly.
        tracks.exists = np.clip(found + (1.0 - found) * np.maximum(unseen, 0.8 * tracks.exists), 1e-6, 1.0 - 1e-6)

    def _birth(self, columns: npt.NDArray[np.intp], seen: PeopleSeen) -> None:
        s = self.settings
        n = len(columns)
        if not n:
            return
        boxes, scores = _centred(seen.boxes_px[columns]), seen.scores[columns]
        tall = boxes[:, 3]
        mean = np.zeros((n, 4, 2))
        mean[..., 0] = boxes
        cov = np.zeros((n, 4, 2, 2))
        cov[..., 0, 0] = self._noise(tall, scores)
        cov[:, :2, 1, 1] = (s.pace * tall)[:, None] ** 2
        cov[:, 2:, 1, 1] = (0.1 * tall)[:, None] ** 2
        odds = s.born / (1.0 - s.born) * np.clip(scores, 0.05, 0.97) / (1.0 - np.clip(scores, 0.05, 0.97))
        width = self._tracks.look.shape[1]
        looks = seen.looks[columns] if width else np.zeros((n, 0))
        known = np.isfinite(looks).all(axis=1) & (width > 0)
        self._tracks.join(
            _Tracks(
                np.full(n, "", np.object_),
                mean,
                cov,
                odds / (1.0 + odds),
                np.full(n, self._t),
                columns.astype(np.intp),
                np.where(known[:, None], looks, 0.0),
                known.astype(np.float64),
            )
        )

    def _confirm_and_drop(self) -> None:
        s, tracks = self.settings, self._tracks
        for i in np.flatnonzero((tracks.ids == "") & (tracks.exists > s.confirm) & (tracks.which >= 0)):
            tracks.ids[i] = self._make_id()
        unseen = self._t - tracks.seen_s
        patience = np.where(tracks.ids == "", 0.25, s.coast_s)
        w, h = self.size_px
        left = (unseen > 0) & ~(
            (tracks.mean[:, 0, 0] > 0)
            & (tracks.mean[:, 0, 0] < w)
            & (tracks.mean[:, 1, 0] > 0)
            & (tracks.mean[:, 1, 0] < h)
        )
        keep = (unseen <= patience) & (tracks.exists > s.drop) & ~left
        if not keep.all():
            tracks.keep(keep)

    def _people(self, t_ns: int) -> PicturePeople:
        tracks = self._tracks
        told = (tracks.ids != "") & (self._t - tracks.seen_s <= self.settings.lingers_s)
        return PicturePeople(
            t_ns,
            tuple(str(i) for i in tracks.ids[told]),
            _cornered(tracks.mean[told, :, 0]),
            tracks.which[told].copy(),
            tracks.exists[told].copy(),
        )
