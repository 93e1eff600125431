"""Whether a picture's bars are those of the digits read: bar patterns laid over the brightness along the code.

A decoder measures edges and takes the nearest digits; fat print, glare or blur give it digits whose check digit is
right and whose bars are not those in the picture.  Here each digit's pattern, softened like a lens softens it, is
correlated with the brightness at its place, against all other digits' patterns at the same place, shifted by up to
three quarters of a module (deformable templates after Gallo & Manduchi, "Reading 1D barcodes with mobile phones using
deformable templates", PAMI 2011, used to check and not to search).  That looks at the same pixels in another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from aisle.vision.codes.seen import Image, Points

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# Widths of the four elements (space, bar, space, bar) of each digit in number set A (ISO/IEC 15420); set C has the
# same widths with the colours exchanged, set B is C read backwards.
_WIDTHS = ("3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112")
# Number sets of the six left digits by the first digit of a GTIN-13, and of UPC-E's six by its check digit.
_LEFT_SETS = ("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA")
_SHORT_SETS = ("BBBAAA", "BBABAA", "BBAABA", "BBAAAB", "BABBAA", "BAABBA", "BAAABB", "BABABA", "BABAAB", "BAABAB")
SAMPLES = 4  # a module
BANDS = 5
CLOSE = np.array([-0.03, 0.0, 0.03])  # lines of a band, in heights of the code
QUIET = 5  # modules beside the code that are looked at
MARGIN = QUIET + 2
COARSE, COARSE_BOWS = np.arange(-6, 7, 3), np.arange(-5, 6, 5)  # samples
FINE, FINE_BOWS = np.arange(-2, 3), np.arange(-2, 3, 2)
SHIFTS = 3  # samples a digit may lie off its place, each way
SOFTNESS = (0.3, 0.45, 0.7, 1.0)  # modules: standard deviations of the softening tried; the likest is taken
USUAL = SOFTNESS[1]


@dataclass(frozen=True, slots=True)
class BarsFit:
    """How well the digits read fit the bars: `likeness` is the correlation of the whole code (1 at best), `worst` the
    least lead of a digit over all others at its place (negative: another digit fits better), `led` the share of digits
    that lead, `quiet` the darkness beside the code (0 light, 1 as dark as its bars)."""

    likeness: float
    worst: float
    led: float
    quiet: float


def modules_of(text: str, printed: str | None = None) -> tuple[str, tuple[tuple[int, int], ...]] | None:
    """The modules of an EAN-13 or UPC-A (13 digits), an EAN-8 (8) or a UPC-E (`printed`, 8), "1" dark, and for each
    digit its first module and which of the thirty patterns it has; None when the text is of none of these."""
    if printed is not None:
        sets = _SHORT_SETS[int(printed[7])]
        if printed[0] == "1":
            sets = sets.translate(str.maketrans("AB", "BA"))
        return _laid("101", _digits(printed[1:7], sets), "", (), "010101")
    if len(text) == 13:
        left = _digits(text[1:7], _LEFT_SETS[int(text[0])])
        return _laid("101", left, "01010", _digits(text[7:], "CCCCCC"), "101")
    if len(text) == 8:
        return _laid("101", _digits(text[:4], "AAAA"), "01010", _digits(text[4:], "CCCC"), "101")
    return None


def fit_bars(picture: Image, quad_px: Points, text: str, printed: str | None = None) -> BarsFit | None:
    """How well the code's bars in the grey picture are those of the text; None when it has no such bars.

    `quad_px` (4, 2) runs from the start of the code's top to its end, then back along the bottom.
    """
    laid = modules_of(text, printed)
    if laid is None or picture.ndim != 2 or not np.isfinite(quad_px).all() or np.abs(quad_px).max() > 30_000:
        return None
    modules, places = laid
    bands = _bands(picture, quad_px, len(modules))
    if float(np.ptp(bands)) < 4:
        return None
    wanted = _soft(_wide(modules), USUAL)
    if _backwards(bands.mean(axis=0), wanted):
        bands = bands[:, ::-1]
    ends, likeness = _aligned(bands, wanted)
    kept = likeness > 0.7 * likeness.max()
    straight = _straightened(bands[kept], ends[kept], len(wanted))
    weights = likeness[kept] ** 2 + 1e-9
    weights = weights / weights.sum()
    likest, sigma, wanted = max(
        (_likened(straight, weights, _soft(_wide(modules), s), s) for s in SOFTNESS), key=lambda likened: likened[0]
    )
    leads = [_lead(straight, weights, wanted, sigma, first, kind, printed is not None) for first, kind in places]
    quiet = min(_darkness(band, *end[:2]) for band, end in zip(bands[kept], ends[kept], strict=True))
    return BarsFit(likest, float(min(leads)), float(np.mean([lead > 0 for lead in leads])), quiet)


def _digits(digits: str, sets: str) -> tuple[tuple[int, str], ...]:
    numbers = tuple(int(digit) + 10 * "ABC".index(kind) for digit, kind in zip(digits, sets, strict=True))
    return tuple((number, PATTERNS[number]) for number in numbers)


def _laid(
    start: str,
    left: tuple[tuple[int, str], ...],
    middle: str,
    right: tuple[tuple[int, str], ...],
    end: str,
) -> tuple[str, tuple[tuple[int, int], ...]]:
    places = [(len(start) + 7 * k, number) for k, (number, _) in enumerate(left)]
    begin = len(start) + 7 * len(left) + len(middle)
    places += [(begin + 7 * k, number) for k, (number, _) in enumerate(right)]
    return start + "".join(p for _, p in left) + middle + "".join(p for _, p in right) + end, tuple(places)


def _patterns() -> tuple[str, ...]:
    a = ["".join("01"[k % 2] * int(width) for k, width in enumerate(widths)) for widths in _WIDTHS]
    c = [pattern.translate(str.maketrans("01", "10")) for pattern in a]
    return (*a, *(pattern[::-1] for pattern in c), *c)


PATTERNS = _patterns()  # sets A, B and C of the digits 0 to 9, seven modules each, "1" dark


def _soft(samples: Floats, sigma: float) -> Floats:
    """The samples as a lens gives them: Gaussian, `sigma` modules wide, with light before and after."""
    reach = int(3 * sigma * SAMPLES) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (sigma * SAMPLES)) ** 2)
    return np.asarray(np.convolve(np.pad(samples, reach), kernel / kernel.sum(), mode="valid"))


@lru_cache(maxsize=len(SOFTNESS))
def _softened(sigma: float) -> Floats:
    """What each of the thirty patterns adds to the darkness of its seven modules and of one on both sides, (30, n)."""
    return np.asarray(np.stack([_soft(np.pad(_wide(pattern), SAMPLES), sigma) for pattern in PATTERNS]))


def _wide(pattern: str) -> Floats:
    return np.repeat([int(m) for m in pattern], SAMPLES).astype(np.float64)


def _bands(picture: Image, quad_px: Points, count: int) -> Floats:
    """Darkness along `BANDS` lines through the code, each the mean of a few close ones, and `MARGIN` modules beyond."""
    along = (np.arange((count + 2 * MARGIN) * SAMPLES) / SAMPLES - MARGIN) / count
    down = np.concatenate([centre + CLOSE for centre in np.linspace(0.15, 0.85, BANDS)])[:, None, None]
    top = quad_px[0] + (quad_px[1] - quad_px[0]) * along[:, None]
    bottom = quad_px[3] + (quad_px[2] - quad_px[3]) * along[:, None]
    points = ((1 - down) * top + down * bottom).astype(np.float32)
    edge = cv2.BORDER_CONSTANT  # beyond the picture there are no bars
    seen = cv2.remap(picture, points[..., 0], points[..., 1], cv2.INTER_LINEAR, borderMode=edge, borderValue=255)
    return np.asarray((255.0 - seen.astype(np.float64)).reshape(BANDS, len(CLOSE), -1).mean(axis=1))


def _backwards(profile: Floats, wanted: Floats) -> bool:
    """Whether the code stands the other way round in the profile than its corners said."""
    margin = MARGIN * SAMPLES
    middle = profile[margin:-margin] - profile[margin:-margin].mean()
    reach = [np.correlate(np.pad(middle, 8), w - w.mean(), mode="valid").max() for w in (wanted, wanted[::-1])]
    return bool(reach[1] > reach[0])


def _aligned(bands: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Start, end and bow (samples) of the code in each band, (n, 3), where it is most like `wanted`, and that likeness.

    The bow is how far the middle lies off half way: packages are round and seen from aside.
    """
    thin = wanted[::2] - wanted[::2].mean()
    thin = thin / np.linalg.norm(thin)
    best = np.tile([MARGIN * SAMPLES, MARGIN * SAMPLES + len(wanted), 0.0], (len(bands), 1))
    likeness = np.full(len(bands), -1.0)
    for ends, bows in ((COARSE, COARSE_BOWS), (FINE, FINE_BOWS)):
        a, b, bow = (axis.ravel() for axis in np.meshgrid(ends, ends, bows, indexing="ij"))
        moves = np.stack([a, b, bow], axis=1).astype(np.float64)
        tried = best[:, None, :] + moves[None]
        there = _along(bands, tried, len(thin))
        there = there - there.mean(axis=2, keepdims=True)
        scores = (there @ thin) / (np.linalg.norm(there, axis=2) + 1e-9)
        top = scores.argmax(axis=1)
        best = tried[np.arange(len(bands)), top]
        likeness = scores[np.arange(len(bands)), top]
    return best, np.maximum(likeness, 0.0)


def _along(bands: Floats, ends: Floats, count: int, before: int = 0) -> Floats:
    """Each band at `count` even places between each of its `ends` (n, k, 3), and `before` places more on both sides."""
    share = np.arange(-before, count + before) / count
    places = ends[..., :1] + (ends[..., 1:2] - ends[..., :1]) * share + ends[..., 2:] * (4 * share * (1 - share))
    places = np.clip(places, 0, bands.shape[1] - 2)
    low = places.astype(np.int64)
    rows = np.arange(len(bands))[:, None, None]
    part = places - low
    return np.asarray(bands[rows, low] * (1 - part) + bands[rows, low + 1] * part)


def _straightened(bands: Floats, ends: Floats, count: int) -> Floats:
    return _along(bands, ends[:, None, :], count, SHIFTS)[:, 0]


def _likened(straight: Floats, weights: Floats, wanted: Floats, sigma: float) -> tuple[float, float, Floats]:
    """How like the straightened bands are to the code softened by `sigma`, and both again (the first decides)."""
    there = straight[:, SHIFTS:-SHIFTS] - straight[:, SHIFTS:-SHIFTS].mean(axis=1, keepdims=True)
    there = there / (np.linalg.norm(there, axis=1, keepdims=True) + 1e-9)
    centred = wanted - wanted.mean()
    return float(weights @ there @ centred / np.linalg.norm(centred)), sigma, wanted


def _lead(straight: Floats, weights: Floats, wanted: Floats, sigma: float, first: int, kind: int, short: bool) -> float:
    """By how much a digit correlates better than any other allowed there, all else of the code as read.

    The weighted mean over the bands, each digit at its best shift; one module on both sides is looked at too, for the
    neighbours' bars spread into the digit and its own into theirs.
    """
    begin, width = (first - 1) * SAMPLES, 9 * SAMPLES
    digits = _softened(sigma)
    wanted_here = wanted[begin : begin + width] + digits - digits[kind]
    wanted_here = wanted_here - wanted_here.mean(axis=1, keepdims=True)
    wanted_here = wanted_here / np.linalg.norm(wanted_here, axis=1, keepdims=True)
    windows = np.stack([straight[:, begin + s : begin + s + width] for s in range(2 * SHIFTS + 1)], axis=1)
    windows = windows - windows.mean(axis=2, keepdims=True)
    windows = windows / (np.linalg.norm(windows, axis=2, keepdims=True) + 1e-6)
    scores = weights @ (windows @ wanted_here.T).max(axis=1)
    allowed = range(20, 30) if kind >= 20 and not short else range(20)
    return float(scores[kind] - max(scores[k] for k in allowed if k != kind))


def _darkness(band: Floats, start: float, end: float) -> float:
    """How dark it is beside the code, against its own light and dark: the darker side counts."""
    code = band[int(max(0, start)) : int(end) + 1]
    light, dark = np.percentile(code, (10, 90))
    before = band[max(0, int(start) - QUIET * SAMPLES) : max(0, int(start) - SAMPLES)]
    after = band[int(end) + SAMPLES + 1 :][: (QUIET - 1) * SAMPLES]
    worst = max((float(np.percentile(side, 90)) for side in (before, after) if len(side)), default=float(light))
    return float(np.clip((worst - light) / max(1.0, dark - light), 0.0, 1.0))
