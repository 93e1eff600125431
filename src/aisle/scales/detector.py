"""Streaming weight-change detection for any number of plates at once.

Two stages.  The *watch* runs on every plate, ten times a second, as a handful
of array operations: each plate has a slowly following level and its own noise,
learnt while it is quiet; a plate that stays off its level wakes its shelf.  The
*look* runs only on awake shelves: once all plates have been still for a while,
the stretch is cut into plateaus (see `plateaus`), and what changed between them
leaves as an `Episode`.  A hand that rests for eight seconds or an item held
half lifted is thus one stretch, judged by where the weight settled.

What is fed in one block or in many gives the same episodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.scales.change import Episode
from aisle.scales.plateaus import LEAST_FRAMES, Window, compared, cut, medians
from aisle.sensing.readings import HEAVIEST_G

Float32 = npt.NDArray[np.float32]

FRAME = 3  # samples per frame: 50 ms at 60 Hz
BEAT = 2  # frames per beat of the watch: 100 ms
FAINT = 2.5  # times what wakes a shelf may still go unnoticed
STRIDE = 5  # beats watched in one go


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Times in seconds, thresholds in standard deviations of the plate's own noise unless said otherwise."""

    level_tau_s: float = 2.0  # how fast a quiet plate's level follows its drift
    noise_tau_s: float = 12.0  # how fast its noise estimate follows
    slow_tau_s: float = 0.7  # averaging that finds light items in noise
    wake_fast: float = 5.0  # two beats in a row off the level by this
    wake_slow: float = 3.7  # the slow average off by this, one plate or up to three neighbours together
    wake_floor_g: float = 4.0  # never wake for less
    still_s: float = 0.8  # plates must rest this long to count as settled
    still_range: float = 5.5  # range allowed while resting
    history_s: float = 30.0  # memory for the look; bounds memory per plate
    lead_s: float = 2.6  # how far before the waking the look begins
    longest_s: float = 26.0  # an episode that has not settled by then is closed unsettled
    noise_floor_g: float = 0.25  # no plate is believed to be quieter than this, per frame


class ChangeDetector:
    """Finds episodes of weight change on all plates of a shop.

    `plates_per_shelf` gives the layout: columns of the samples are the plates
    of shelf 0 from left to right, then those of shelf 1, and so on.  `hz` is the
    sample rate.  Feed blocks of consecutive samples; NaN (or what cannot be) means "no sample" and
    is never taken for zero.
    """

    def __init__(
        self, plates_per_shelf: Sequence[int], hz: float = 60.0, settings: DetectorSettings | None = None
    ) -> None:
        self.settings = s = settings or DetectorSettings()
        self.hz = hz
        self.counts = np.asarray(plates_per_shelf, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.int64)
        self.plates = int(self.counts.sum())
        self.shelf_of = np.repeat(np.arange(len(self.counts)), self.counts)
        # (k, mask): plates i .. i+k-1 stand on one shelf
        self._together = [(k, self.shelf_of[k - 1 :] == self.shelf_of[: -k + 1]) for k in (2, 3) if self.plates >= k]
        self.frame_s = FRAME / hz
        self.beat_s = FRAME * BEAT / hz
        self._depth = int(np.ceil(s.history_s / self.beat_s)) * BEAT
        self._ring = np.full((self._depth, self.plates), np.nan, np.float32)
        self._ring_var = np.full((self._depth, self.plates), np.nan, np.float32)
        self._frames = 0  # frames seen so far
        self._t0_ns: int | None = None
        self._rest = np.zeros((0, self.plates), np.float32)
        self._level = np.zeros(self.plates, np.float32)
        self._noise = np.ones(self.plates, np.float32)  # of a beat's deviation from the level
        self._white = np.ones(self.plates, np.float32)  # variance of one sample
        self._slow = np.zeros(self.plates, np.float32)
        self._noise_slow = np.ones(self.plates, np.float32)
        self._off = np.zeros(self.plates, np.float32)  # previous beat's deviation
        self._age = np.zeros(self.plates, np.int32)  # beats with data since (re)start
        self._awake: dict[int, int] = {}  # shelf -> frame of waking
        self._asleep = np.ones(self.plates, bool)
        self._watched_from = np.zeros(len(self.counts), np.int64)  # first frame the next look may use
        self._warm = max(8, round(1.0 / self.beat_s))
        keep = 1.0 - self.beat_s / s.slow_tau_s
        lag = np.subtract.outer(np.arange(STRIDE), np.arange(STRIDE))
        self._decay = np.where(lag >= 0, (1.0 - keep) * keep ** np.maximum(lag, 0), 0.0).astype(np.float32)
        self._fade = (keep ** np.arange(1, STRIDE + 1)).astype(np.float32)

    # ------------------------------------------------------------------ feeding
    def feed(self, t0_ns: int, grams: Float32) -> list[Episode]:
        """Take the next consecutive samples (n, plates), the first taken at `t0_ns`; give the episodes that ended."""
        if grams.ndim != 2 or grams.shape[1] != self.plates:
            raise ValueError(f"samples of shape {grams.shape}: expected (n, {self.plates})")
        if self._t0_ns is None:
            self._t0_ns = t0_ns
        self._pass_over(t0_ns)
        step = FRAME * BEAT * STRIDE
        x = np.concatenate([self._rest, grams]) if len(self._rest) else grams
        bad = ~(np.abs(x) < HEAVIEST_G)  # infinite ones and NaN too
        if bad.any():
            x = np.where(bad, np.float32(np.nan), x)
        whole = len(x) // step * step
        self._rest = np.array(x[whole:], np.float32)
        return self._strides(x[:whole])

    def _pass_over(self, t0_ns: int) -> None:
        """Count the frames of a hole between blocks; they come in minutes with NaN on both sides (`PlateGrid`)."""
        seen = self._frames * FRAME + len(self._rest)
        missing = round((t0_ns - (self._t0_ns or 0)) * self.hz / 1e9) - seen
        if missing >= self._depth * FRAME:
            self._frames += missing // (self._depth * FRAME) * self._depth

    def _strides(self, x: Float32) -> list[Episode]:
        out: list[Episode] = []
        if len(x):
            means, variances = _frames(x)
            for k in range(0, len(means), BEAT * STRIDE):
                out.extend(self._stride(means[k : k + BEAT * STRIDE], variances[k : k + BEAT * STRIDE]))
        return out

    def flush(self) -> list[Episode]:
        """End of the stream: close what is still awake, settled or not."""
        whole = len(self._rest) // (FRAME * BEAT) * FRAME * BEAT
        out = self._strides(self._rest[:whole])
        self._rest = self._rest[:0]
        for shelf in sorted(self._awake):
            out.extend(self._look(shelf, settled=self._is_still(shelf)))
        self._awake.clear()
        self._asleep[:] = True
        return out

    @property
    def busy_since_ns(self) -> int | None:
        """When the oldest episode still open began, None when all plates rest: nothing earlier can change any more."""
        if not self._awake or self._t0_ns is None:
            return None
        return self._time(min(self._awake.values()))

    def sample_sigma_g(self) -> Float32:
        """Standard deviation of one sample of each plate at rest, grams, (plates,)."""
        return np.sqrt(self._white)

    # ----------------------------------------------------------------- the watch
    def _stride(self, means: Float32, variances: Float32) -> Iterator[Episode]:
        """A few beats of all plates at once, against the levels and noises learnt before them."""
        s = self.settings
        frames = len(means)
        at = self._frames % self._depth
        if at + frames <= self._depth:
            self._ring[at : at + frames], self._ring_var[at : at + frames] = means, variances
        else:
            rows = np.arange(at, at + frames) % self._depth
            self._ring[rows], self._ring_var[rows] = means, variances
        beats = frames // BEAT
        m = means.reshape(beats, BEAT, self.plates).sum(axis=1) * np.float32(1.0 / BEAT)
        with np.errstate(invalid="ignore"):
            fresh = self._age < self._warm
            quiet = self._asleep
            if fresh.any():
                if np.isfinite(m[:, fresh]).any():
                    self._warm_up(m, variances)
                quiet = quiet & ~fresh
            e = m - self._level
            whole = bool(np.isfinite(np.add.reduce(e, axis=None)))  # no sample missing: the usual case, and cheaper
            noise = self._noise
            known = e if whole else np.nan_to_num(e)
            slow = self._decay[:beats, :beats] @ known + self._fade[:beats, None] * self._slow
            limit = np.maximum(s.wake_fast * noise, s.wake_floor_g)
            off = np.concatenate([self._off[None], e])
            low, high = off < -limit, off > limit
            wake = (low[1:] & low[:-1]) | (high[1:] & high[:-1])
            astray = np.abs(slow)
            wake |= astray > np.maximum(s.wake_slow * self._noise_slow, s.wake_floor_g)
            variance = self._noise_slow**2
            total, spread = slow, variance
            for k, together in self._together:  # k neighbours: a light bag spreads thin
                total = total[:, :-1] + slow[:, k - 1 :]
                spread = spread[:-1] + variance[k - 1 :]
                limit = np.maximum(s.wake_slow * np.sqrt(spread), s.wake_floor_g * 1.5)
                wake[:, : self.plates - k + 1] |= together & (np.abs(total) > limit)
            wake &= quiet
            self._slow = slow[-1]
            self._off = e[-1]
            learns = quiet if whole else quiet & np.isfinite(e).all(axis=0)
            self._learn(known, astray, variances, learns)
        if wake.any():
            first = np.where(wake.any(axis=0), np.argmax(wake, axis=0), beats)
            for shelf in np.unique(self.shelf_of[wake.any(axis=0)]):
                beat = int(first[self.shelf_of == shelf].min())
                self._wake(int(shelf), self._frames + (beat + 1) * BEAT)
        self._frames += frames
        for shelf in sorted(self._awake):
            since = self._frames - self._awake[shelf]
            if since * self.frame_s < s.still_s:
                continue
            still = self._is_still(shelf)
            if still or since * self.frame_s > s.longest_s:
                yield from self._look(shelf, settled=still)
                del self._awake[shelf]

    def _learn(self, e: Float32, astray: Float32, variances: Float32, learns: npt.NDArray[np.bool_]) -> None:
        """Quiet plates follow their drift and learn their noise; a touch teaches nothing, deviations being clipped."""
        s = self.settings
        noise, noise_slow = self._noise, self._noise_slow
        beats = len(e)
        each = np.float32(1.0 / beats)
        share = learns * np.float32(beats * self.beat_s)  # seconds that teach, per plate
        limit = 2.5 * noise
        clipped = np.minimum(np.maximum(e, -limit), limit)
        self._level += share * np.float32(each / s.level_tau_s) * np.add.reduce(clipped, axis=0)
        g = share * np.float32(1.0 / s.noise_tau_s)
        # E|normal clipped at 2.5 sigma| is 0.79 sigma: the factor makes the estimate unbiased
        self._noise += g * (np.add.reduce(np.abs(clipped), axis=0) * np.float32(1.266 * each) - noise)
        np.maximum(self._noise, s.noise_floor_g, out=self._noise)
        lull = np.add.reduce(np.minimum(astray, 2.5 * noise_slow), axis=0) * each
        self._noise_slow += g * (lull * np.float32(1.266) - noise_slow)
        np.maximum(self._noise_slow, s.noise_floor_g * 0.6, out=self._noise_slow)
        v = np.minimum(np.add.reduce(variances, axis=0) * np.float32(1.0 / len(variances)), 6.0 * self._white)
        told = learns & np.isfinite(v)  # a frame of a single sample tells nothing of its noise
        self._white += np.where(told, g * (v - self._white), np.float32(0.0))

    def _warm_up(self, m: Float32, variances: Float32) -> None:
        """First second of a plate (or first after an outage): level and noise from what there is."""
        s = self.settings
        for i in range(len(m)):
            seen = np.isfinite(m[i]) & (self._age < self._warm)
            if not seen.any():
                continue
            weight = 1.0 / (self._age + 1).astype(np.float32)
            v = variances[i * BEAT : (i + 1) * BEAT].mean(axis=0)
            old, white = np.nan_to_num(self._level), np.nan_to_num(self._white)
            self._level = np.where(seen, old + (m[i] - old) * weight, self._level)
            white += (np.where(np.isfinite(v), v, white) - white) * weight
            self._white = np.where(seen, white, self._white)
            self._age += seen
            floor = np.maximum(np.sqrt(self._white / (FRAME * BEAT)) * 1.25, s.noise_floor_g)
            self._noise = np.where(seen, floor, self._noise)
            self._noise_slow = np.where(seen, floor * 0.7, self._noise_slow)

    def _wake(self, shelf: int, frame: int) -> None:
        a = int(self.starts[shelf])
        b = a + int(self.counts[shelf])
        self._awake[shelf] = frame
        self._asleep[a:b] = False

    def _is_still(self, shelf: int) -> bool:
        """Have all plates of the shelf rested for `still_s`?"""
        s = self.settings
        a = int(self.starts[shelf])
        b = a + int(self.counts[shelf])
        n = round(s.still_s / self.beat_s) * BEAT
        rows = np.arange(self._frames - n, self._frames) % self._depth
        if self._silent(rows, a, b):
            return False
        x = self._ring[rows, a:b].reshape(-1, BEAT, b - a).mean(axis=1)
        spread = np.fmax.reduce(x, axis=0) - np.fmin.reduce(x, axis=0)
        v = self._ring_var[rows, a:b]
        shake = _shake(v, self._white[a:b])
        sigma = np.maximum(np.sqrt(self._white[a:b] / (FRAME * BEAT)), 0.5 * self._noise[a:b])
        return bool(np.all(~(spread > np.maximum(s.still_range * sigma * shake, 2.5))))

    def _silent(self, rows: npt.NDArray[np.int64], a: int, b: int) -> bool:
        """Has any plate that spoke shortly before fallen silent for most of `rows`?  A gap is no rest."""
        before = (rows[0] - 1 - np.arange(round(self.settings.lead_s / self.frame_s))) % self._depth
        spoke = np.isfinite(self._ring[before, a:b]).any(axis=0)
        speaks = np.isfinite(self._ring[rows, a:b]).mean(axis=0) >= 0.5
        return bool((spoke & ~speaks).any())

    # ------------------------------------------------------------------ the look
    def _look(self, shelf: int, settled: bool) -> list[Episode]:
        s = self.settings
        a = int(self.starts[shelf])
        b = a + int(self.counts[shelf])
        woken, lead = self._awake[shelf], round(s.lead_s / self.frame_s)
        oldest = max(int(self._watched_from[shelf]), self._frames - self._depth, 0)
        begin = max(woken - lead, oldest)
        earlier = np.arange(oldest, max(begin, min(woken, self._frames)))
        seen_at = earlier[np.isfinite(self._ring[earlier % self._depth, a:b]).any(axis=1)]
        if len(seen_at):  # a gap before the waking does not count: look as far back as needed for a rest before it
            begin = min(begin, int(seen_at[-min(lead, len(seen_at))]))
        episodes = [
            Episode(shelf, c.first_plate, c.plateaus, settled) for c in cut(self._window(shelf, begin, self._frames))
        ]
        # back to watching: the level is where the plates rest now
        rows = np.arange(begin, self._frames) % self._depth
        n = round(s.still_s / self.frame_s)
        level = medians(self._ring[rows[-n:], a:b])
        self._level[a:b] = np.where(np.isfinite(level), level, self._level[a:b])
        self._slow[a:b] = 0
        self._off[a:b] = 0
        self._asleep[a:b] = True
        self._watched_from[shelf] = self._frames - (n if settled else LEAST_FRAMES)
        return episodes

    def _window(self, shelf: int, begin: int, end: int) -> Window:
        """The frames from `begin` to before `end` of one shelf, with what is known of its noise."""
        s = self.settings
        a = int(self.starts[shelf])
        b = a + int(self.counts[shelf])
        rows = np.arange(begin, end) % self._depth
        # what the slow average wanders beyond its share of white noise is how far neighbouring plateaus drift apart
        share = self.beat_s / (2.0 * s.slow_tau_s - self.beat_s)
        low = self._noise_slow[a:b].astype(np.float64) ** 2 - share * self._white[a:b] / (FRAME * BEAT)
        low = np.maximum(low, 0.0)
        return Window(
            t0_ns=self._time(begin),
            frame_s=self.frame_s,
            grams=self._ring[rows, a:b].astype(np.float64),
            white_var=np.maximum(self._white[a:b].astype(np.float64), s.noise_floor_g**2),
            slow_var=low,
            within_var=self._ring_var[rows, a:b].astype(np.float64),
            samples=FRAME,
        )

    # ------------------------------------------------------------------ looking twice
    def faintest_g(self) -> Float32:
        """(shelves,) grams below which something may leave a shelf unnoticed, the noise being what it is."""
        s = self.settings
        worst = np.maximum.reduceat(self._noise_slow, self.starts)
        return np.asarray(FAINT * s.wake_slow * worst * np.sqrt(np.minimum(self.counts, 3)), np.float32)

    def compare(self, shelf: int, before_ns: tuple[int, int], after_ns: tuple[int, int]) -> Episode | None:
        """The whole shelf over two stretches of time; None when they hardly differ, or are not both remembered."""
        spans = [self._frame(t) for t in (*before_ns, *after_ns)]
        oldest, newest = max(self._frames - self._depth, 0), self._frames
        if shelf in self._awake or spans[0] < oldest or spans[3] > newest:
            return None
        if min(spans[1] - spans[0], spans[3] - spans[2]) < round(self.settings.still_s / self.frame_s):
            return None
        window = self._window(shelf, spans[0], spans[3])
        found = compared(window, slice(0, spans[1] - spans[0]), slice(spans[2] - spans[0], spans[3] - spans[0]))
        return Episode(shelf, 0, found, True, asked=True) if found else None

    def _frame(self, t_ns: int) -> int:
        return round((t_ns - (self._t0_ns or 0)) * self.hz / (FRAME * 1e9))

    def _time(self, frame: int) -> int:
        assert self._t0_ns is not None
        return self._t0_ns + round(frame * FRAME / self.hz * 1e9)


def _frames(x: Float32) -> tuple[Float32, Float32]:
    """Samples (n, plates) -> means and unbiased variances of frames; NaN where a frame has no sample."""
    n, plates = x.shape
    y = x.reshape(n // FRAME, FRAME, plates)
    mean = y.mean(axis=1)
    if np.isnan(mean.sum()):
        seen = np.isfinite(y)
        k = seen.sum(axis=1)
        z = np.where(seen, y, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (z.sum(axis=1) / k).astype(np.float32)
            d = np.where(seen, y - mean[:, None, :], 0.0)
            var = ((d * d).sum(axis=1) / np.where(k > 1, k - 1, np.nan)).astype(np.float32)
        return mean, var
    d = y - mean[:, None, :]
    return mean, np.einsum("ifp,ifp->ip", d, d) / np.float32(FRAME - 1)


def _shake(within_var: npt.NDArray[np.floating], white_var: npt.NDArray[np.floating]) -> float:
    """How much the whole shelf shakes: median over its plates of vibration over own noise (>= 1).

    A footstep or a slammed door moves all plates, a hand only a few: the
    median tells them apart.
    """
    ratio = within_var.mean(axis=0) / np.maximum(white_var, 1e-6)
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < 3:
        return 1.0
    return max(1.0, float(np.sqrt(np.median(ratio))))
