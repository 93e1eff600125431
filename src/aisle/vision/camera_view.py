"""Whether a camera still sees what it was set up to see, told from small grey pictures, whoever walks through them.

The picture is compared with a reference block by block, by normalised cross-correlation: that does not mind the light.
Each block with something to hold on to says where it found itself; people and restocked shelves are blocks that found
nothing, a turned camera is most blocks finding themselves elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.seen import Flags, Float32, FloatArray, Image

Grey = npt.NDArray[np.uint8]

WIDTH_PX = 160  # of the small picture
BLOCK_PX = 18  # of it, as everything below
REACH_PX = 8  # a block is searched so far around its place
TEXTURED = 5.0  # standard deviation in grey levels from which a block can be found again
FOUND = 0.7  # correlation from which a block has been found
FITS = 0.95  # correlation in its own place from which a block is not searched
MOST_SEARCHED = 12  # blocks in one look
FLAT = 3.0  # standard deviation in grey levels up to which a block shows nothing
TOGETHER_PX = 0.6  # so far from where the others' movement takes it a block may be
MOST = 0.6  # share of the edges found that must move together ...
LEAD = 0.25  # ... more than the share of those that did not move ...
LEAST_TOGETHER = 6  # ... and how many
EDGE = 6.0  # mean square of the change in grey levels from pixel to pixel, from which a block can be placed
STILL = 2.5  # mean change in grey levels from one look to the next up to which a block has not moved
SAME = 1  # change in grey levels of a single pixel that shows that a picture is a new one


@dataclass(frozen=True, slots=True)
class Look:
    """What one look says.

    `bright` is the grey level that one pixel in twenty exceeds.  `renewed` is the share of pixels that changed since
    the look before.  Of the blocks worth looking for, `found` is the share found within reach, and `shift_px` how far
    they have all gone together, in pixels of the full picture: 0 when there is no such movement, NaN when none was
    found.  `blank` and `foreign` are the shares of blocks not found that lie still and show nothing, or something else.
    """

    bright: float
    renewed: float
    found: float
    shift_px: float
    blank: float
    foreign: float


@dataclass(frozen=True, slots=True)
class Edges:
    """Directions in which blocks of the reference can be placed, one or two for each block, as parallel arrays."""

    block: npt.NDArray[np.intp]  # (n,) which block
    across: FloatArray  # (n, 2) unit vectors (down, right) across the edge
    place: FloatArray  # (n, 2) where the block is: from the picture's middle, in REACH_PX

    def __getitem__(self, which: Flags) -> Edges:
        return Edges(self.block[which], self.across[which], self.place[which])


class View:
    """The reference picture of one camera, and the last look at it."""

    def __init__(self, reference: Image | None = None) -> None:
        self._reference: Grey | None = None
        self._places: npt.NDArray[np.intp] = np.zeros((0, 2), dtype=np.intp)  # (blocks, 2): row, column
        self._worth: Flags = np.zeros(0, dtype=np.bool_)  # (blocks,) textured in the reference
        self._patterns: Float32 = np.zeros((0, 0), dtype=np.float32)  # (blocks, pixels) of the reference, unit vectors
        self._edges = Edges(np.zeros(0, dtype=np.intp), np.zeros((0, 2)), np.zeros((0, 2)))
        self._found: Flags = np.zeros(0, dtype=np.bool_)  # (blocks,)
        self._shift: FloatArray = np.zeros((0, 2))  # (blocks, 2) small pixels: down, right
        self._lost: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)  # looks at a block lying still, not found
        self._still: Flags = np.zeros(0, dtype=np.bool_)  # (blocks,) in the last look
        self._next = 0  # block from which to go on searching
        self._last: Float32 | None = None  # (blocks, pixels) of the last look, means taken off
        self._grey: Grey | None = None
        self._sample: Grey | None = None
        self._width_px = 0
        self._at_first = 0  # blocks worth looking for, to begin with
        if reference is not None:
            self.refer_to(small(reference))

    @property
    def knows(self) -> bool:
        """There is a reference, and it shows enough to be recognised."""
        return self._at_first >= 4

    @property
    def worn(self) -> bool:
        """Most of what there was to hold on to has gone little by little."""
        return self.knows and 3 * int(self._worth.sum()) < self._at_first

    @property
    def width_px(self) -> int:
        """Of the last picture looked at."""
        return self._width_px

    def refer_to_last(self) -> None:
        """Take the last picture looked at as the reference."""
        if self._grey is not None:
            self.refer_to(self._grey)

    def refer_to(self, grey: Grey) -> None:
        """Take a small grey picture (see `small`) as the reference."""
        height, width = grey.shape
        rows = np.arange(REACH_PX, height - REACH_PX - BLOCK_PX + 1, BLOCK_PX)
        columns = np.arange(REACH_PX, width - REACH_PX - BLOCK_PX + 1, BLOCK_PX)
        self._places = np.array([(r, c) for r in rows for c in columns], dtype=np.intp).reshape(-1, 2)
        self._reference = grey.copy()
        self._remember()
        self._found, self._shift = self._worth.copy(), np.zeros((len(self._places), 2))
        self._lost, self._still = (
            np.zeros(len(self._places), dtype=np.intp),
            np.zeros(len(self._places), dtype=np.bool_),
        )
        self._last = None
        self._at_first = int(self._worth.sum())

    def look(self, image: Image) -> Look:
        """Look at a picture; as long as there is no reference it is only told how bright it is."""
        grey, sample = small(image), image[1::4, 1::4, 1].copy()
        bright = float(np.percentile(sample[::2, ::2], 95.0))
        renewed = 1.0
        if self._sample is not None and self._sample.shape == sample.shape:
            renewed = float((cv2.absdiff(sample, self._sample) >= SAME).mean())
        self._grey, self._sample, self._width_px = grey, sample, image.shape[1]
        if self._reference is None or self._reference.shape != grey.shape or not self._worth.any():
            return Look(bright, renewed, 1.0, np.nan, 0.0, 0.0)
        blocks = self._blocks(grey)
        spread = np.sqrt(np.einsum("bp,bp->b", blocks, blocks))
        self._search(grey, np.einsum("bp,bp->b", blocks, self._patterns) / np.maximum(spread, 1e-6))
        still = np.zeros(len(blocks), dtype=bool)
        if self._last is not None:
            still = np.abs(self._last - blocks).mean(axis=1) <= STILL
        self._last = blocks
        found, lost = self._found & self._worth, self._worth & ~self._found & still
        self._lost[found] = 0
        self._lost[still & ~found] += 1
        self._still = still
        blank = spread <= FLAT * BLOCK_PX
        count = float(self._worth.sum())
        return Look(
            bright,
            renewed,
            float(found.sum()) / count,
            self._moved_px(found) * image.shape[1] / grey.shape[1],
            float((lost & blank).sum()) / count,
            float((lost & ~blank).sum()) / count,
        )

    def adopt(self, looks: int) -> None:
        """Blocks that have shown something new, lying still, in so many looks are restocked shelves: remember them so.

        Call it only while the camera is as it should be.
        """
        new = (self._lost >= looks) & self._still
        if self._reference is None or self._grey is None or not new.any():
            return
        for row, column in self._places[new]:
            here = np.s_[row : row + BLOCK_PX, column : column + BLOCK_PX]
            self._reference[here] = self._grey[here]
        self._remember()
        self._lost[new] = 0
        self._found[new], self._shift[new] = True, 0.0

    def _remember(self) -> None:
        assert self._reference is not None
        blocks = self._blocks(self._reference)
        spread = np.sqrt(np.einsum("bp,bp->b", blocks, blocks))
        self._worth = spread >= TEXTURED * BLOCK_PX
        self._patterns = blocks / np.maximum(spread, 1e-6)[:, None]
        self._edges = _edges(blocks, self._places, self._reference.shape)

    def _moved_px(self, found: Flags) -> float:
        if not found.any():
            return math.nan
        return _together(self._edges[found[self._edges.block]], self._shift)

    def _search(self, grey: Grey, here: Float32) -> None:
        """Find blocks again: those that fit `here`, their own place, at once, a few others in turn."""
        assert self._reference is not None
        fits = here >= FITS
        self._found[fits], self._shift[fits] = True, 0.0
        missing = np.flatnonzero(self._worth & ~fits)
        for k in np.roll(missing, -int(np.searchsorted(missing, self._next)))[:MOST_SEARCHED].tolist():
            row, column = (int(v) for v in self._places[k])
            block = self._reference[row : row + BLOCK_PX, column : column + BLOCK_PX]
            rows = slice(row - REACH_PX, row + BLOCK_PX + REACH_PX)
            around = grey[rows, column - REACH_PX : column + BLOCK_PX + REACH_PX]
            scores = np.asarray(cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED), dtype=np.float32)
            y, x = np.unravel_index(int(np.argmax(scores)), scores.shape)
            self._found[k] = bool(scores[y, x] >= FOUND)
            down, right = _vertex(scores[:, x], int(y)), _vertex(scores[y], int(x))
            self._shift[k] = down - REACH_PX, right - REACH_PX
            self._next = k + 1

    def _blocks(self, grey: Grey) -> Float32:
        """(blocks, pixels), the mean of each block taken off."""
        windows = np.lib.stride_tricks.sliding_window_view(grey, (BLOCK_PX, BLOCK_PX))
        blocks = windows[self._places[:, 0], self._places[:, 1]].reshape(len(self._places), -1).astype(np.float32)
        return np.asarray(blocks - blocks.mean(axis=1, keepdims=True))


def small(image: Image) -> Grey:
    """The picture in grey, WIDTH_PX wide."""
    height = max(1, round(image.shape[0] * WIDTH_PX / image.shape[1]))
    return np.asarray(
        cv2.cvtColor(cv2.resize(image, (WIDTH_PX, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY),
        dtype=np.uint8,
    )


def _together(edges: Edges, shifts: FloatArray) -> float:
    """The way all that holds still went together: its median length in small pixels, 0 when there is no such way.

    A camera that moves turns, shifts and scales its picture, and nearly all edges follow one such map; goods put back a
    little aside do not.  An edge says how far it went across itself, never along (the aperture problem), so each gives
    one equation.  The map is fitted by least squares reweighted after S. Geman and D. McClure (1985), from a wide
    tolerance to a narrow one (graduated non-convexity, A. Blake and A. Zisserman, 1987).
    """
    if len(edges.block) < LEAST_TOGETHER:
        return 0.0
    (down, right), (y, x) = edges.across.T, edges.place.T
    gone = (edges.across * shifts[edges.block]).sum(axis=1)
    if np.median(np.abs(gone)) < 0.1:
        return 0.0
    # displacement at (y, x): (ty + turn x + grow y, tx - turn y + grow x)
    system = np.stack([down, right, down * x - right * y, down * y + right * x], axis=1)
    weights, motion = np.ones(len(gone)), np.zeros(4)
    for tolerance in np.geomspace(4.0, TOGETHER_PX, 8):
        weighted = system * weights[:, None]
        motion = np.linalg.solve(weighted.T @ system + 1e-3 * np.eye(4), weighted.T @ gone)
        weights = (tolerance**2 / (tolerance**2 + (system @ motion - gone) ** 2)) ** 2
    agree, stay = np.abs(system @ motion - gone) < TOGETHER_PX, np.abs(gone) < TOGETHER_PX
    if agree.mean() < MOST or agree.mean() - stay.mean() < LEAD:
        return 0.0
    ty, tx, turn, grow = motion
    return float(np.median(np.hypot(ty + turn * x + grow * y, tx - turn * y + grow * x)))


def _edges(blocks: Float32, places: npt.NDArray[np.intp], shape: tuple[int, ...]) -> Edges:
    """What the structure tensor of each block says (W. Förstner and E. Gülch, 1987)."""
    squares = blocks.reshape(-1, BLOCK_PX, BLOCK_PX)
    down, right = (np.asarray(g, dtype=np.float64) for g in np.gradient(squares, axis=(1, 2)))
    tensor = np.empty((len(blocks), 2, 2))
    tensor[:, 0, 0], tensor[:, 1, 1] = (down**2).mean(axis=(1, 2)), (right**2).mean(axis=(1, 2))
    tensor[:, 0, 1] = tensor[:, 1, 0] = (down * right).mean(axis=(1, 2))
    strengths, directions = np.linalg.eigh(tensor)
    sure = (strengths >= EDGE) & (strengths >= 0.1 * strengths[:, 1:])
    block, which = np.nonzero(sure)
    middle = (np.asarray(shape[:2]) - BLOCK_PX) / 2.0
    return Edges(block, directions[block, :, which], (places[block] - middle) / REACH_PX)


def _vertex(scores: Float32, at: int) -> float:
    """Where the peak lies: the vertex of the parabola through entry `at`, the largest, and its neighbours."""
    if not 0 < at < len(scores) - 1:
        return float(at)
    a, b, c = (float(s) for s in scores[at - 1 : at + 2])
    bend = a - 2 * b + c
    return at + (0.5 * (a - c) / bend if bend < -1e-9 else 0.0)
