"""The floor tracker: detections of many calibrated cameras, slot of time by slot of time, to people in metres.

Cameras are taken one after the other within a slot, each against what the earlier ones have already said, so that a
person seen by four cameras is pinned down four times over.  Existence, visibility, clutter and identity are
probabilities throughout (joint integrated probabilistic data association, D. Musicki, R. Evans, 2004); births are
hypotheses with little probability that grow or die like everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aisle.store.model import Camera, FloatArray, Gate, Store
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking import hands
from aisle.vision.tracking.appearance import Appearance, blended, cosines
from aisle.vision.tracking.association import best, marginals
from aisle.vision.tracking.coverage import HIDDEN, Coverage, covered
from aisle.vision.tracking.crowd import Crowd
from aisle.vision.tracking.identity import Absentees, Encounters, Missing
from aisle.vision.tracking.lens import Eye
from aisle.vision.tracking.people import FloorPeople, Found, Lost, TrackEvent
from aisle.vision.tracking.place import Place
from aisle.vision.tracking.settings import FloorSettings
from aisle.vision.tracking.sighting import Expected, View, corrected, log_likelihoods

NS = 1e-9
LEAST_CHANCE, MOST_CHANCE = 0.01, 0.98
SURE = 0.6  # a pairing this probable teaches looks and hands
FRESH_S = 0.35
LOOKS_NEEDED = 3.0
LONGEST_STEP_S = 5.0


class FloorTracker:
    """Follows people over the floor of a shop.

    `cameras` are the calibrated ones; `make_id` gives a new id whenever somebody is taken for a person not met before.
    `floor_m` is the outline of the floor (empty: unbounded), `gates` are where people come and go.  Same input, same
    output.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        make_id: Callable[[], str],
        *,
        floor_m: Sequence[tuple[float, float]] = (),
        gates: Sequence[Gate] = (),
        settings: FloorSettings | None = None,
    ) -> None:
        if not cameras:
            raise ValueError("FloorTracker: no camera given; at least one calibrated camera would be right")
        self.settings = settings or FloorSettings()
        self.eyes = {camera.camera_id: Eye.of(camera) for camera in cameras}
        if len(self.eyes) != len(cameras):
            raise ValueError("FloorTracker: two cameras have the same id; each needs its own")
        self._number = {name: number for number, name in enumerate(self.eyes)}
        self._make_id = make_id
        self.place = Place.of(cameras, floor_m, gates)
        self.coverage = Coverage(len(cameras), self.place.low_m, self.place.high_m, self.settings.detected)
        self.appearance = Appearance()
        self.encounters = Encounters(self.settings, self.appearance)
        self.absentees = Absentees(self.settings, self.appearance, self.place.entries_m)
        self.events: list[TrackEvent] = []
        self.crowd = Crowd.empty(len(cameras))
        self._born = 0
        self._first_ns: int | None = None
        self._t = 0.0

    @classmethod
    def of(cls, store: Store, make_id: Callable[[], str], settings: FloorSettings | None = None) -> FloorTracker:
        """The tracker of a store with its cameras, outline and gates."""
        return cls(store.cameras, make_id, floor_m=store.floor_m, gates=store.gates, settings=settings)

    def step(self, t_ns: int, seen: Mapping[str, PeopleSeen]) -> FloorPeople:
        """Take what the cameras that gave a picture in the slot at `t_ns` saw; returns everybody as known now.

        Cameras that are missing in `seen` say nothing; cameras with nobody in the picture say that nobody was found.
        What happened to identities meanwhile is in `events` (of this step only).
        """
        unknown = [name for name in seen if name not in self.eyes]
        if unknown:
            raise ValueError(f"camera {unknown[0]!r} is not one of the tracker's: {', '.join(self.eyes)}")
        if self._first_ns is None:
            self._first_ns = t_ns
        t = (t_ns - self._first_ns) * NS
        if t < self._t:
            raise ValueError(f"slot at {t_ns} ns lies {self._t - t:.3f} s before the last one; slots must be in order")
        self.events = []
        dt_s, self._t = min(t - self._t, LONGEST_STEP_S), t
        self._predict(dt_s)
        for name, number in self._number.items():
            if name in seen:
                self._look(number, self.eyes[name], seen[name])
        self.encounters.step(self.crowd, t, dt_s)
        self.events += self.encounters.settle(self.crowd, t, t_ns)
        self._confirm(t_ns)
        self._let_go(t_ns)
        hands.name_sides(self.crowd, dt_s)
        return self._people(t_ns)

    # ------------------------------------------------------------------ time
    def _predict(self, dt_s: float) -> None:
        crowd = self.crowd
        crowd.now = np.full_like(crowd.now, np.nan)
        crowd.chance = np.zeros_like(crowd.chance)
        if dt_s <= 0.0 or not len(crowd):
            return
        before = crowd.mean[:, :2].copy()
        crowd.mean, crowd.cov = self.settings.motion.predict(crowd.mean, crowd.cov, dt_s)
        crowd.exists = crowd.exists * np.exp(-dt_s / self.settings.stays_s)
        hands.predict(crowd, crowd.mean[:, :2] - before, dt_s)

    # ------------------------------------------------------------ one picture
    def _look(self, number: int, eye: Eye, seen: PeopleSeen) -> None:
        settings, crowd = self.settings, self.crowd
        self._fit_looks(seen)
        view = View.of(eye, seen, settings)
        expected = Expected.of(eye, crowd.mean, crowd.cov, settings)
        free, chance = self._chances(number, eye, expected)
        log_ratio, mode = log_likelihoods(expected, view, settings)
        alike = cosines(crowd.look, seen.looks) if crowd.look.shape[1] else None
        if alike is not None:
            known = crowd.look_weight >= LOOKS_NEEDED
            log_ratio += settings.looks_weight * np.where(known[:, None], self.appearance.log_ratio(alike), 0.0)
        seeing = crowd.exists * chance
        gain = log_ratio + np.log(seeing / (1.0 - seeing))[:, None]
        pairing, pick = marginals(gain), best(gain)
        found = pairing.sum(axis=1)
        unseen = (1.0 - chance) * crowd.exists / (1.0 - seeing)
        self._teach(number, free, found)
        crowd.exists = np.clip(found + (1.0 - found) * unseen, 1e-9, 1.0 - 1e-6)
        crowd.now[:, number], crowd.chance[:, number] = found, chance
        self._correct(number, eye, view, expected, pairing, pick, mode, alike)
        unexplained = 1.0 - pairing.sum(axis=0)
        unexplained[pick[pick >= 0]] = 0.0
        self._birth(number, eye, view, unexplained)

    def _fit_looks(self, seen: PeopleSeen) -> None:
        """The first detector that gives looks says how long they are."""
        length = seen.looks.shape[1]
        if length and not self.crowd.look.shape[1]:
            self.crowd.look = np.zeros((len(self.crowd), length))

    def _chances(self, number: int, eye: Eye, expected: Expected) -> tuple[FloatArray, FloatArray]:
        """How free (n,) each person stands in this camera's view, and the chance (n,) that it detects them."""
        head, foot = expected.points[:, :2], expected.points[:, 2:]
        within = (eye.inside(head) + eye.inside(foot) + eye.inside((head + foot) / 2)) / 3.0
        free = 1.0 - HIDDEN * covered(head, foot, expected.depths) ** 1.5
        base = self.coverage.chance(number, self.crowd.mean[:, :2])
        ahead = expected.ahead & (within > 0)
        chance = np.where(ahead, np.clip(base * within * free, LEAST_CHANCE, MOST_CHANCE), LEAST_CHANCE)
        return np.where(ahead, within * free, 0.0), chance

    def _teach(self, number: int, free: FloatArray, found: FloatArray) -> None:
        """People of whom there is no doubt show where this camera sees."""
        crowd = self.crowd
        sure = crowd.confirmed & (crowd.exists > 0.9) & (self._t - crowd.seen_s < FRESH_S) & (free > 0.6)
        if sure.any():
            self.coverage.learn(number, crowd.mean[sure, :2], found[sure], free[sure])

    def _correct(
        self,
        number: int,
        eye: Eye,
        view: View,
        expected: Expected,
        pairing: FloatArray,
        pick: npt.NDArray[np.intp],
        mode: npt.NDArray[np.intp],
        alike: FloatArray | None,
    ) -> None:
        crowd = self.crowd
        who = np.flatnonzero(pick >= 0)
        which = pick[who]
        sureness = np.clip(pairing[who, which] / crowd.exists[who], 0.0, 1.0)
        pulls = sureness > 0.05
        who, which, sureness = who[pulls], which[pulls], sureness[pulls]
        if not len(who):
            return
        crowd.mean[who], crowd.cov[who] = corrected(
            crowd.mean, crowd.cov, expected, view, (who, which), mode[who, which], sureness
        )
        crowd.sees[who, number] += sureness
        crowd.seen_s[who[sureness > 0.3]] = self._t
        sure = sureness > SURE
        who, which = who[sure], which[sure]
        if not len(who):
            return
        seen = view.seen
        hands.observe(crowd, eye, who, view.wrists[which], seen.hand_scores[which], seen.holding[which], self._t)
        if alike is not None and seen.looks.shape[1]:
            self._learn_looks(who, seen.looks[which], alike[:, which])

    def _learn_looks(self, who: npt.NDArray[np.intp], looks: FloatArray, alike: FloatArray) -> None:
        """Running means of people seen clearly; and, while people are apart, how alike looks are in this shop."""
        crowd = self.crowd
        busy = self.encounters.busy(crowd.serial[who].tolist())
        for serial, look in zip(crowd.serial[who[busy]].tolist(), looks[busy], strict=True):
            self.encounters.look(serial, look, self._t)
        calm = ~busy
        settled = crowd.look_weight[who] >= LOOKS_NEEDED
        self.appearance.same.learn(alike[who, np.arange(len(who))][calm & settled])
        others = crowd.confirmed & (crowd.look_weight >= LOOKS_NEEDED)
        for column in np.flatnonzero(calm & settled & crowd.confirmed[who]):
            rest = others.copy()
            rest[who[column]] = False
            self.appearance.different.learn(alike[rest, column])
        calm_who = who[calm]
        crowd.look[calm_who], crowd.look_weight[calm_who] = blended(
            crowd.look[calm_who], crowd.look_weight[calm_who], looks[calm]
        )

    # ---------------------------------------------------------------- births
    def _birth(self, number: int, eye: Eye, view: View, unexplained: FloatArray) -> None:
        """Detections nobody explains become people with little probability."""
        settings = self.settings
        which = np.flatnonzero((unexplained > 0.5) & view.known.any(axis=1))
        if not len(which):
            return
        guess = self._ground(eye, view, which)
        far = np.hypot(*(guess - eye.position_m[:2]).T)
        near = np.isfinite(far) & (far < settings.farthest_m)
        which, guess = which[near], guess[near]
        if not len(which):
            return
        count = len(which)
        rows = np.arange(count)
        prior_mean, prior_cov = settings.motion.newborn(count)
        prior_mean[:, :2] = guess
        for _ in range(2):  # once more about the better place
            expected = Expected.of(eye, prior_mean, prior_cov, settings)
            _, mode = log_likelihoods(expected, view, settings)
            mean, cov = corrected(
                prior_mean, prior_cov, expected, view, (rows, which), mode[rows, which], np.full(count, 1.0)
            )
            prior_mean[:, :2] = mean[:, :2]
        place = mean[:, :2]
        chance = np.where(self.place.inside(place), settings.born_inside, settings.born_outside)
        chance = np.where(Place.near(place, self.place.entries_m, settings.gate_m), settings.born_at_gate, chance)
        score = np.clip(view.seen.scores[which], 0.02, 0.98)
        odds = chance / (1.0 - chance) * np.minimum(score / (1.0 - score), 4.0)
        serials = np.arange(self._born, self._born + count)
        self._born += count
        born = Crowd.newborn(serials, mean, cov, unexplained[which] * odds / (1.0 + odds), self._t, self.crowd)
        born.sees[:, number] = 1.0
        born.now[:, number] = 1.0
        born.chance[:, number] = 1.0
        self.crowd.join(born)

    def _ground(self, eye: Eye, view: View, which: npt.NDArray[np.intp]) -> FloatArray:
        """A first guess (k, 2) of where detections stand: under the foot point, else under the head."""
        by_foot = eye.at_height(view.points[which, 2:], 0.0)
        by_head = eye.at_height(view.points[which, :2], self.settings.motion.head_m)
        by_foot[~view.known[which, 1]], by_head[~view.known[which, 0]] = np.nan, np.nan
        tall = view.seen.boxes_px[which, 3] - view.seen.boxes_px[which, 1]
        loose = view.seen.feet_sigma_px[which] > 0.25 * tall
        prefer_head = ~np.isfinite(by_foot).all(axis=1) | (loose & np.isfinite(by_head).all(axis=1))
        return np.where(prefer_head[:, None], by_head, by_foot)

    # ------------------------------------------------------- comings, goings
    def _confirm(self, t_ns: int) -> None:
        settings, crowd = self.settings, self.crowd
        self.absentees.forget(self._t)
        several = (crowd.sees >= 0.5).sum(axis=1) >= 2
        covering = (crowd.chance > 0.4).sum(axis=1)
        hits, age = crowd.sees.sum(axis=1), self._t - crowd.born_s
        alone = (hits >= settings.lone_hits) & (age >= settings.lone_s) & (covering <= 1)
        stubborn = (hits >= 3 * settings.lone_hits) & (age >= 3 * settings.lone_s)
        ripe = ~crowd.confirmed & (crowd.exists > settings.confirm) & (several | alone | stubborn)
        ripe &= self.place.inside(crowd.mean[:, :2])
        for i in np.flatnonzero(ripe):
            absent, probability = self.absentees.match(crowd.mean[i], crowd.look[i], self._t, settings.motion)
            if absent is None:
                crowd.ids[i] = self._make_id()
                continue
            self.absentees.missing.remove(absent)
            crowd.ids[i] = absent.person
            crowd.identity[i] = absent.identity * probability
            if len(absent.look) == crowd.look.shape[1]:
                crowd.look[i], crowd.look_weight[i] = absent.look, absent.look_weight
            self.events.append(Found(t_ns, absent.person, probability, self._t - absent.t))

    def _let_go(self, t_ns: int) -> None:
        """Forget births that came to nothing; people unseen for too long are lost, those at an exit sooner."""
        settings, crowd = self.settings, self.crowd
        if not len(crowd):
            return
        unseen = self._t - crowd.seen_s
        at_exit = Place.near(crowd.mean[:, :2], self.place.exits_m, settings.gate_m)
        patience = np.where(at_exit, settings.exit_s, settings.coast_s)
        wide = np.sqrt(np.maximum(crowd.cov[:, 0, 0], crowd.cov[:, 1, 1])) > settings.lost_sigma_m
        named = crowd.confirmed
        lost = named & (unseen > 0) & ((unseen > patience) | (crowd.exists < settings.drop) | wide)
        vain = ~named & ((crowd.exists < settings.drop) | (unseen > settings.exit_s))
        for i in np.flatnonzero(lost):
            person = str(crowd.ids[i])
            self.events.append(Lost(t_ns, person, bool(at_exit[i])))
            self.absentees.missing.append(
                Missing(
                    person,
                    crowd.mean[i].copy(),
                    crowd.cov[i].copy(),
                    float(crowd.seen_s[i]),
                    crowd.look[i].copy(),
                    float(crowd.look_weight[i]),
                    float(crowd.identity[i]),
                    bool(at_exit[i]),
                )
            )
        gone = lost | vain
        if gone.any():
            crowd.keep(~gone)

    # ---------------------------------------------------------------- answer
    def _people(self, t_ns: int) -> FloorPeople:
        crowd = self.crowd
        named = crowd.confirmed
        mean, cov = crowd.mean[named], crowd.cov[named]
        unseen = self._t - crowd.seen_s[named]
        heads = np.concatenate([mean[:, 0:2] + mean[:, 4:6], mean[:, 6:7]], axis=1)
        loose = cov[:, 0, 0] + cov[:, 4, 4] + 2 * cov[:, 0, 4] + cov[:, 1, 1] + cov[:, 5, 5] + 2 * cov[:, 1, 5]
        near = 1.0 - np.exp(-0.5 * 0.3**2 / np.maximum(loose / 2.0, 1e-6))  # within 0.3 m of the truth
        known = np.isfinite(crowd.wrist[named][..., 0])
        holding = np.where(
            self._t - crowd.grip_s[named] < 2 * hands.HOLD_FADE_S, 1.0 / (1.0 + np.exp(-crowd.grip[named])), np.nan
        )
        return FloorPeople(
            t_ns,
            tuple(str(i) for i in crowd.ids[named]),
            mean[:, :2].copy(),
            cov[:, :2, :2].copy(),
            mean[:, 2:4].copy(),
            heads,
            crowd.exists[named] * near,
            crowd.wrist[named].copy(),
            np.where(known, hands.sigmas(crowd)[named], np.nan),
            np.where(known, hands.scores(crowd, self._t)[named], 0.0),
            holding,
            crowd.exists[named].copy(),
            crowd.identity[named].copy(),
            mean[:, 7].copy(),
            np.asarray(unseen <= 0),
        )
