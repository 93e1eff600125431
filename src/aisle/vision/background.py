"""What a fixed camera sees when nobody is there: learnt while people walk about, kept under changing light.

Method: a per-pixel median over a thinned history of pictures (N. J. B. McFarlane and C. P. Schofield, "Segmentation and
tracking of piglets in images", 1995, name the median as the background people do not spoil), kept in the light of the
first picture.  The light of a later picture is told by three gains, the medians of the ratios of its channels to the
background's.  Pixels inside the boxes of people never enter the history.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.seen import Bytes, FloatArray, Image, expect_picture

SAMPLES = 15  # pictures in the history; odd, so that the median is one of them
YOUNG = 2 * SAMPLES  # sightings until which a pixel's history is filled at every second one
BANDS = 12  # the median is renewed in so many horizontal bands, one an update, so that no update is slow
GRID = 8  # the light is read at every eighth pixel, across and down
DARK, BRIGHT = 16.0, 248.0  # grey levels between which a ratio of light means something
GAINS = (0.2, 5.0)
FOLLOW = 0.04  # share of a quiet pixel's change the background takes over at once
NOISE_FOLLOW = 0.02
START_NOISE = 3.0  # grey levels
LEAST_NOISE = 1.0
QUIET = 4.0  # noises within which a pixel counts as background
LOST_SHARE, LOST_UPDATES = 0.6, 10  # so much of the picture differs for so long: the camera was moved, begin again


def comparators(n: int) -> tuple[tuple[int, int], ...]:
    """The pairs to compare and swap, in order, that sort n values (K. E. Batcher, "Sorting networks", 1968)."""
    pairs: list[tuple[int, int]] = []
    power = 1
    while power < n:
        step = power
        while step >= 1:
            for start in range(step % power, n - step, 2 * step):
                for i in range(start, min(start + step, n - step)):
                    if i // (2 * power) == (i + step) // (2 * power):
                        pairs.append((i, i + step))
            step //= 2
        power *= 2
    return tuple(pairs)


def median(stack: Bytes) -> Bytes:
    """The median along the first axis of an odd number of pictures, by a sorting network: all pixels in step."""
    lanes = [lane.copy() for lane in stack]
    low = np.empty_like(lanes[0])
    for a, b in comparators(len(lanes)):
        np.minimum(lanes[a], lanes[b], out=low)
        np.maximum(lanes[a], lanes[b], out=lanes[b])
        lanes[a], low = low, lanes[a]
    return np.asarray(lanes[len(lanes) // 2])


class BackgroundModel:
    """The background of one fixed camera, at half the picture's size; one instance a camera, fed in order of time.

    `memory` is how many updates the history spans once it is long: what rests for half of it, outside every box given,
    becomes background.  Nothing random: the same pictures give the same background.
    """

    def __init__(self, memory: int = 600) -> None:
        if memory < SAMPLES:
            raise ValueError(f"memory: found {memory} updates, must be {SAMPLES} or more")
        self._longest_stride = max(1, memory // SAMPLES)
        self._size: tuple[int, int] | None = None  # height, width of the pictures
        self._forget()

    def _forget(self) -> None:
        self._updates = 0
        self._stride = 1
        self._full = False  # whether the history was ever full
        self._samples = 0  # places of the history that are filled
        self._oldest = 0
        self._row = 0  # where the median is to be renewed next
        self._lost = 0
        self._gains = np.ones(3)

    @property
    def settled(self) -> bool:
        """Whether the history was ever full: from then on there is a background."""
        return self._size is not None and self._full

    @property
    def picture(self) -> Image | None:
        """The background in the newest light, in the pictures' size; None before the history is first full."""
        if not self.settled or self._size is None:
            return None
        lit = cv2.LUT(self._mean8, _table(self._gains))
        return np.asarray(cv2.resize(lit, self._size[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    @property
    def known(self) -> float:
        """The share of the picture that was seen outside every person's box at least once."""
        return 0.0 if self._size is None else float(np.count_nonzero(self._seen)) / self._seen.size

    @property
    def clear(self) -> npt.NDArray[np.bool_] | None:
        """(height / 2, width / 2) which pixels were seen outside every person's box; None before the first picture."""
        return None if self._size is None else self._seen > 0

    @property
    def gains(self) -> FloatArray:
        """(3,) how much brighter the newest picture is than the first, for blue, green and red."""
        return self._gains.copy()

    def update(self, image: Image, people_boxes: FloatArray) -> None:
        """Learn from one picture; `people_boxes` (n, 4) x0, y0, x1, y1 in its pixels are left out.

        Raises ValueError when the picture is not (height, width, 3) or its size is not that of those before.
        """
        small = self._halved(image)
        free = self._free(people_boxes)
        if self._updates:
            self._gains = self._light(small, free)
        plain = _normalised(small, self._gains)
        if self._updates == 0:
            self._begin(plain)
        self._learn_young(plain, free)
        if self._updates % self._stride == 0:
            self._keep(plain, free)
        self._follow(plain, free)
        self._renew()
        self._updates += 1

    def compared(self, image: Image) -> tuple[Bytes, Bytes]:
        """The picture in the background's light, and the background: both (height / 2, width / 2, 3).

        Before the first update the picture stands for both.
        """
        small = self._halved(image)
        if self._updates == 0:
            return small, small
        gains = self._light(small, np.full(small.shape[:2], 255, dtype=np.uint8))
        return _normalised(small, gains), self._mean8

    def difference(self, image: Image) -> Bytes:
        """(height, width) how far each pixel is from the background, in grey levels beyond this pixel's noise.

        The largest of the three channels' differences, with light compensated; zero where the model knows nothing yet.
        """
        plain, background = self.compared(image)
        if self._updates == 0:
            return np.zeros(image.shape[:2], dtype=np.uint8)
        beyond = cv2.subtract(_largest(cv2.absdiff(plain, background)), cv2.convertScaleAbs(self._noise, alpha=2.0))
        return np.asarray(cv2.resize(beyond, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    # -- parts of an update ----------------------------------------------------------------------------------------

    def _halved(self, image: Image) -> Bytes:
        expect_picture(image)
        size = (image.shape[0], image.shape[1])
        if self._size not in (None, size):
            raise ValueError(f"picture: found {size}, this camera's pictures were {self._size} (height, width)")
        self._size = size
        half = (max(1, size[1] // 2), max(1, size[0] // 2))
        return np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _begin(self, plain: Bytes) -> None:
        self._history = np.repeat(plain[None], SAMPLES, axis=0)
        self._mean = plain.astype(np.float32)
        self._mean8 = plain.copy()
        self._noise = np.full(plain.shape[:2], START_NOISE, dtype=np.float32)
        self._seen = np.zeros(plain.shape[:2], dtype=np.uint8)  # times seen outside every box, YOUNG at most

    def _learn_young(self, plain: Bytes, free: Bytes) -> None:
        """Where a person stood until now nothing older is worth keeping: the history there begins anew, and fast."""
        young = (free > 0) & (self._seen < YOUNG)
        if not young.any():
            return
        first = young & (self._seen == 0)
        self._history[:, first] = plain[first]
        self._mean[first] = plain[first]
        rows, columns = np.nonzero(young)
        self._history[self._seen[young] // (YOUNG // SAMPLES), rows, columns] = plain[young]
        self._seen[young] += 1

    def _free(self, boxes: FloatArray) -> Bytes:
        """(h, w) 255 where nobody is."""
        assert self._size is not None
        height, width = self._size[0] // 2, self._size[1] // 2
        free = np.full((max(1, height), max(1, width)), 255, dtype=np.uint8)
        for x0, y0, x1, y1 in np.asarray(boxes, dtype=np.float64).reshape(-1, 4) / 2.0:
            free[max(0, int(y0)) : max(0, int(np.ceil(y1))), max(0, int(x0)) : max(0, int(np.ceil(x1)))] = 0
        return free

    def _light(self, small: Bytes, free: Bytes) -> FloatArray:
        """The newest picture's three gains; those before where too little can be compared."""
        now = small[::GRID, ::GRID].reshape(-1, 3).astype(np.float32)
        then = self._mean[::GRID, ::GRID].reshape(-1, 3)
        fit = (free[::GRID, ::GRID].reshape(-1) > 0)[:, None] & (then > DARK) & (now > DARK / 2) & (now < BRIGHT)
        gains = self._gains.copy()
        for channel in range(3):
            use = fit[:, channel] & (then[:, channel] < BRIGHT)
            if np.count_nonzero(use) >= 20:
                gains[channel] = float(np.median(now[use, channel] / then[use, channel]))
        return np.asarray(np.clip(gains, *GAINS))

    def _keep(self, plain: Bytes, free: Bytes) -> None:
        """Put the picture into the history; when that is full, thin it first so that it spans twice the time."""
        if self._samples == SAMPLES and self._stride < self._longest_stride:
            kept = SAMPLES // 2 + 1
            self._history[:kept] = self._history[::2].copy()
            self._samples, self._oldest = kept, 0
            self._stride = min(2 * self._stride, self._longest_stride)
            if self._updates % self._stride:
                return
        place = self._oldest if self._samples == SAMPLES else self._samples
        sample = np.where(free[..., None] > 0, plain, self._mean8)
        if self._samples < SAMPLES:  # empty places repeat the newest, so that the median is over what is there
            self._history[place:] = sample
            self._samples += 1
            self._full = self._full or self._samples == SAMPLES
        else:
            self._history[place] = sample
            self._oldest = (place + 1) % SAMPLES

    def _follow(self, plain: Bytes, free: Bytes) -> None:
        """Quiet pixels follow small changes at once and tell the noise; too many restless ones mean a moved camera."""
        apart = _largest(cv2.absdiff(plain, self._mean8))
        bound = cv2.convertScaleAbs(self._noise, alpha=QUIET)
        quiet = cv2.bitwise_and(cv2.compare(apart, bound, cv2.CMP_LE), free)
        cv2.accumulateWeighted(plain, self._mean, FOLLOW, mask=quiet)
        cv2.accumulateWeighted(apart, self._noise, NOISE_FOLLOW, mask=quiet)
        np.maximum(self._noise, LEAST_NOISE, out=self._noise)
        free_pixels = int(cv2.countNonZero(free))
        restless = free_pixels - int(cv2.countNonZero(quiet))
        self._lost = self._lost + 1 if restless > LOST_SHARE * max(1, free_pixels) else 0
        if self._lost > LOST_UPDATES and self._full:
            self._forget()
            self._updates = -1  # the next picture begins anew

    def _renew(self) -> None:
        """Where the median of the history has moved away from the mean, take the median; a few rows an update."""
        height = len(self._mean)
        if self._updates < 0:
            return
        rows = -(-height // min(self._stride, BANDS))
        start, stop = self._row, min(self._row + rows, height)
        middle = median(self._history[:, start:stop] if self._samples == SAMPLES else self._filled(start, stop))
        band = self._mean[start:stop]
        apart = _largest(cv2.absdiff(middle, cv2.convertScaleAbs(band)))
        moved = apart.astype(np.float32) > QUIET * self._noise[start:stop]
        band[moved] = middle[moved]
        self._mean8 = np.asarray(cv2.convertScaleAbs(self._mean), dtype=np.uint8)
        self._row = 0 if stop == height else stop

    def _filled(self, start: int, stop: int) -> Bytes:
        """An odd number of the samples there are."""
        n = self._samples - 1 + self._samples % 2
        return self._history[self._samples - max(1, n) : self._samples, start:stop]


def _table(gains: FloatArray) -> Bytes:
    """(1, 256, 3) what each grey level becomes under the gains, for cv2.LUT."""
    levels = np.arange(256.0)[None, :, None] * gains
    return np.asarray(np.clip(np.rint(levels), 0, 255), dtype=np.uint8)


def _normalised(small: Bytes, gains: FloatArray) -> Bytes:
    return np.asarray(cv2.LUT(small, _table(1.0 / gains)), dtype=np.uint8)


def _largest(channels: npt.NDArray[np.uint8] | cv2.typing.MatLike) -> Bytes:
    blue, green, red = cv2.split(channels)
    return np.asarray(cv2.max(cv2.max(blue, green), red), dtype=np.uint8)
