"""The floor tracker: detections of many calibrated cameras, slot of time by slot of time, to people in metres.

All pictures of a slot are taken at once, each against the same prediction, and what they say is added up as
information; so the order of cameras hardly matters, and a slot costs the same few array operations for two cameras or
ten.  Existence, visibility, clutter and identity are probabilities throughout (joint integrated probabilistic data
association, D. Musicki, R. Evans, 2004); births are hypotheses with little probability that grow or die like everybody
else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from aisle.store.model import Camera, FloatArray, Gate, Store
from aisle.vision.seen import Indices, PeopleSeen
from aisle.vision.tracking import hands
from aisle.vision.tracking.appearance import Appearance, blended, cosines
from aisle.vision.tracking.association import best, marginals
from aisle.vision.tracking.coverage import HIDDEN, Coverage, covered
from aisle.vision.tracking.crowd import Crowd
from aisle.vision.tracking.identity import Absentees, Encounters, Missing
from aisle.vision.tracking.lens import Eyes
from aisle.vision.tracking.people import FloorPeople, Found, Lost, TrackEvent
from aisle.vision.tracking.place import Place
from aisle.vision.tracking.settings import FloorSettings
from aisle.vision.tracking.sighting import Expected, View, corrected, log_likelihoods

S_PER_NS = 1e-9
LEAST_CHANCE, MOST_CHANCE = 0.01, 0.98
LEAST_PULL = 0.05  # pairings less probable than this move nobody
SURE = 0.6  # a pairing this probable teaches looks and hands
LOOSE_FOOT = 0.35  # a foot point as uncertain as this share of the box's height was guessed
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
        self._number = {camera.camera_id: number for number, camera in enumerate(cameras)}
        if len(self._number) != len(cameras):
            raise ValueError("FloorTracker: two cameras have the same id; each needs its own")
        self.eyes = Eyes.of(cameras)
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
        unknown = [name for name in seen if name not in self._number]
        if unknown:
            raise ValueError(f"camera {unknown[0]!r} is not one of the tracker's: {', '.join(self._number)}")
        if self._first_ns is None:
            self._first_ns = t_ns
        t = (t_ns - self._first_ns) * S_PER_NS
        if t < self._t:
            raise ValueError(f"slot at {t_ns} ns lies {self._t - t:.3f} s before the last one; slots must be in order")
        self.events = []
        dt_s, self._t = min(t - self._t, LONGEST_STEP_S), t
        self._predict(dt_s)
        there = [name for name in self._number if name in seen]
        if there:
            self._look(np.array([self._number[name] for name in there]), [seen[name] for name in there])
        self.encounters.step(self.crowd, t, dt_s)
        self.events += self.encounters.settle(self.crowd, t, t_ns)
        self._confirm(t_ns)
        self._let_go(t_ns)
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

    # --------------------------------------------------------------- one slot
    def _look(self, cameras: Indices, seen: list[PeopleSeen]) -> None:
        settings, crowd = self.settings, self.crowd
        self._fit_looks(seen)
        view = View.of(self.eyes, cameras, seen, settings)
        expected = Expected.of(self.eyes, cameras, crowd.mean, crowd.cov, settings)
        free, chance = self._chances(cameras, expected)
        log_ratio, mode = log_likelihoods(expected, view, settings)
        shown = view.looks.shape[1]
        alike = cosines(crowd.look, view.looks) if shown and shown == crowd.look.shape[1] else None
        if alike is not None:
            known = crowd.look_weight >= LOOKS_NEEDED
            log_ratio += settings.looks_weight * np.where(known[:, None], self.appearance.log_ratio(alike), 0.0)
        seeing = crowd.exists * chance  # (cameras, people)
        gain = log_ratio + np.log(seeing / (1.0 - seeing))[view.picture].T
        pairing = marginals(gain, view.picture)
        who, which = best(gain, view.picture)
        found = np.stack([pairing[:, view.picture == k].sum(axis=1) for k in range(len(cameras))])
        self._teach(cameras, free, found)
        self._exist(cameras, chance, seeing, found)
        sureness = np.minimum(pairing[who, which] / crowd.exists[who], 1.0)
        pulls = sureness > LEAST_PULL
        if pulls.any():
            pairs = (who[pulls], which[pulls])
            self._correct(view, expected, pairs, mode[pairs], sureness[pulls], alike)
        unexplained = 1.0 - pairing.sum(axis=0)
        unexplained[which] = 0.0
        fresh = np.flatnonzero((unexplained > 0.5) & view.known.any(axis=1))
        if len(fresh):
            self._birth(view[fresh], unexplained[fresh])

    def _fit_looks(self, seen: list[PeopleSeen]) -> None:
        """The first detector that gives looks says how long they are."""
        length = max(one.looks.shape[1] for one in seen)
        if length and not self.crowd.look.shape[1]:
            self.crowd.look = np.zeros((len(self.crowd), length))

    def _chances(self, cameras: Indices, expected: Expected) -> tuple[FloatArray, FloatArray]:
        """How free (k, n) each person stands in each camera's view, and the chance (k, n) that it detects them."""
        head, foot = expected.points[..., :2], expected.points[..., 2:]
        stages = np.stack([head, foot, (head + foot) / 2], axis=1)
        within = self.eyes.inside(cameras, stages).mean(axis=1)
        free = np.where(expected.ahead, within, 0.0) * (1.0 - HIDDEN * covered(head, foot, expected.depths) ** 1.5)
        base = self.coverage.chance(cameras, self.crowd.mean[:, :2])
        return free, np.minimum(np.maximum(base * free, LEAST_CHANCE), MOST_CHANCE)

    def _teach(self, cameras: Indices, free: FloatArray, found: FloatArray) -> None:
        """People of whom there is no doubt show where the cameras see."""
        crowd = self.crowd
        sure = crowd.confirmed & (crowd.exists > 0.9) & (self._t - crowd.seen_s < FRESH_S)
        if sure.any():
            weight = np.where(free > 0.6, free, 0.0)[:, sure]
            self.coverage.learn(cameras, crowd.mean[sure, :2], found[:, sure], weight)

    def _exist(self, cameras: Indices, chance: FloatArray, seeing: FloatArray, found: FloatArray) -> None:
        """Existence after the slot: each picture multiplies the odds by what it says, seen or not."""
        crowd = self.crowd
        unseen = (1.0 - chance) * crowd.exists / (1.0 - seeing)
        after = np.minimum(np.maximum(found + (1.0 - found) * unseen, 1e-9), 1.0 - 1e-9)
        before = np.log(crowd.exists / (1.0 - crowd.exists))
        odds = before + (np.log(after / (1.0 - after)) - before).sum(axis=0)
        crowd.exists = 1.0 / (1.0 + np.exp(-np.minimum(np.maximum(odds, -14.0), 14.0)))
        crowd.now[:, cameras], crowd.chance[:, cameras] = found.T, chance.T

    def _correct(
        self,
        view: View,
        expected: Expected,
        pairs: tuple[Indices, Indices],
        mode: Indices,
        sureness: FloatArray,
        alike: FloatArray | None,
    ) -> None:
        crowd = self.crowd
        crowd.mean, crowd.cov = corrected(crowd.mean, crowd.cov, expected, view, pairs, mode, sureness)
        who, which = pairs
        crowd.sees[who, view.camera[which]] += sureness
        crowd.seen_s[who[sureness > 0.3]] = self._t
        sure = sureness > SURE
        if sure.any():
            hands.observe(crowd, self.eyes, view, (who[sure], which[sure]), self._t)
            if alike is not None:
                sure[sure] = np.isfinite(view.looks[which[sure]]).all(axis=1)
                self._learn_looks(who[sure], view.looks[which[sure]], alike[:, which[sure]])

    def _learn_looks(self, who: Indices, looks: FloatArray, alike: FloatArray) -> None:
        """Running means of people seen clearly; and, while people are apart, how alike looks are in this shop."""
        crowd = self.crowd
        busy = self.encounters.busy(crowd.serial.tolist())[who]
        if busy.any():
            for serial, look in zip(crowd.serial[who[busy]].tolist(), looks[busy], strict=True):
                self.encounters.look(serial, look, self._t)
            who, looks, alike = who[~busy], looks[~busy], alike[:, ~busy]
        if not len(who):
            return
        known = crowd.confirmed & (crowd.look_weight >= LOOKS_NEEDED)
        settled = known[who]
        self.appearance.same.learn(alike[who, np.arange(len(who))][settled])
        strangers = known[:, None] & settled & (np.arange(len(crowd))[:, None] != who)
        self.appearance.different.learn(alike[strangers])
        owner = (np.arange(len(crowd))[:, None] == who).astype(np.float64)
        crowd.look, crowd.look_weight = blended(crowd.look, crowd.look_weight, owner @ looks, owner.sum(axis=1))

    # ---------------------------------------------------------------- births
    def _birth(self, view: View, unexplained: FloatArray) -> None:
        """Detections nobody explains become people with little probability; those of several cameras join."""
        start = len(self.crowd)
        for camera in np.unique(view.camera):
            there = np.flatnonzero(view.camera == camera)
            left = self._join_newborn(view[there], start, np.array([camera]))
            if len(left):
                self._bear(view[there[left]], unexplained[there[left]])
        if len(self.crowd) > start:
            hands.at_rest(self.crowd, slice(start, None))

    def _join_newborn(self, view: View, start: int, camera: Indices) -> Indices:
        """Sightings of one camera of people born in this slot to others; returns the rows nobody is."""
        crowd, settings = self.crowd, self.settings
        view = replace(view, picture=np.zeros(len(view), np.intp))
        everybody = np.arange(len(view))
        if len(crowd) == start:
            return everybody
        mean, cov = crowd.mean[start:], crowd.cov[start:]
        expected = Expected.of(self.eyes, camera, mean, cov, settings)
        log_ratio, mode = log_likelihoods(expected, view, settings)
        exists = crowd.exists[start:, None]
        seeing = exists * settings.detected
        gain = log_ratio + np.log(seeing / (1.0 - seeing))
        who, which = best(gain, view.picture)
        if len(who):
            pairs = (who, which)
            crowd.mean[start:], crowd.cov[start:] = corrected(
                mean, cov, expected, view, pairs, mode[pairs], np.ones(len(who))
            )
            rows = start + who
            odds = crowd.exists[rows] / (1.0 - crowd.exists[rows]) * np.exp(np.minimum(log_ratio[pairs], 8.0))
            crowd.exists[rows] = np.minimum(odds / (1.0 + odds), 1.0 - 1e-6)
            crowd.sees[rows, camera[0]] = crowd.now[rows, camera[0]] = crowd.chance[rows, camera[0]] = 1.0
        return np.setdiff1d(everybody, which)

    def _bear(self, view: View, unexplained: FloatArray) -> None:
        """New people from sightings of one camera, where these can be placed on the floor."""
        settings = self.settings
        guess = self._ground(view)
        far = np.hypot(*(guess - self.eyes.position_m[view.camera, :2]).T)
        near = np.isfinite(far) & (far < settings.farthest_m)
        view, guess, unexplained = view[near], guess[near], unexplained[near]
        count = len(view)
        if not count:
            return
        view = replace(view, picture=np.zeros(count, np.intp))
        rows = np.arange(count)
        mean, cov = prior, prior_cov = settings.motion.newborn(count)
        prior[:, :2] = guess
        for _ in range(2):  # once more about the better place
            expected = Expected.of(self.eyes, view.camera[:1], prior, prior_cov, settings)
            mode = log_likelihoods(expected, view, settings)[1][rows, rows]
            mean, cov = corrected(prior, prior_cov, expected, view, (rows, rows), mode, np.ones(count))
            prior[:, :2] = mean[:, :2]
        place = mean[:, :2]
        chance = np.where(self.place.inside(place), settings.born_inside, settings.born_outside)
        chance = np.where(Place.near(place, self.place.entries_m, settings.gate_m), settings.born_at_gate, chance)
        score = np.clip(view.scores, 0.02, 0.98)
        odds = chance / (1.0 - chance) * np.minimum(score / (1.0 - score), 4.0)
        serials = np.arange(self._born, self._born + count)
        self._born += count
        born = Crowd.newborn(serials, mean, cov, unexplained * odds / (1.0 + odds), self._t, self.crowd)
        born.sees[rows, view.camera] = born.now[rows, view.camera] = born.chance[rows, view.camera] = 1.0
        self.crowd.join(born)

    def _ground(self, view: View) -> FloatArray:
        """A first guess (k, 2) of where sightings stand: under the foot point, else under the head."""
        by_foot = self.eyes.at_height(view.camera, view.points[:, 2:], 0.0)
        by_head = self.eyes.at_height(view.camera, view.points[:, :2], self.settings.motion.head_m)
        by_foot[~view.known[:, 1]], by_head[~view.known[:, 0]] = np.nan, np.nan
        loose = np.sqrt(view.noise[:, 2, 2]) > LOOSE_FOOT * view.tall
        prefer_head = ~np.isfinite(by_foot[:, 0]) | (loose & np.isfinite(by_head[:, 0]))
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
        known = crowd.wrist_seen_s[named] > -np.inf
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
            np.where(known[..., None], crowd.wrist[named], np.nan),
            np.where(known, hands.sigmas(crowd)[named], np.nan),
            np.where(known, hands.scores(crowd, self._t)[named], 0.0),
            holding,
            crowd.exists[named].copy(),
            crowd.identity[named].copy(),
            mean[:, 7].copy(),
            np.asarray(unseen <= 0),
        )
