"""The bodies of all people of one world, posed at any moment as their scripts say.

A person (`aisle.simulation.people`) says where feet, head and reaching wrists are; the figure follows: the wrist of a
reaching hand exactly where the arm can get, the head within centimetres.  What a script leaves open (steps, the swing
of arms, how a trunk bends) is added here as a function of the moment alone, so that frames can be drawn in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aisle.simulation.people import Person, minimum_jerk
from aisle.simulation.pictures.figure import build_figure
from aisle.simulation.pictures.figure_gait import Feet, Walk
from aisle.simulation.pictures.figure_looks import REFERENCE_M, Look, draw_look
from aisle.simulation.pictures.figure_mesh import RestFigure
from aisle.simulation.pictures.figure_pose import Arms, Bones, grips, pose, skin
from aisle.simulation.pictures.figure_skeleton import BONE, SIDES, skeleton_of, unit
from aisle.simulation.pictures.figure_trunk import AHEAD, ASIDE, DROP, LEAN, Motion, Trunk, settle, trunk
from aisle.simulation.pictures.scene import Figure, Float32
from aisle.store.model import FloatArray

LOWEST_HEAD = 0.35  # of the stature, as in `people`
LOAD_BENT, FREE_BENT = 1.0, 0.55  # how far the arm that carries is bent, with and without a load on it
Widths = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Posed:
    """One person at one moment, floor frame, metres.

    `hands` (2, 4, 4) left, right: frame of what the hand holds, see `figure_pose.grips`; `head_m` (3,) the middle of
    the head; `wrists_m` (2, 3); `feet_m` (2,) on the floor where the person stands; `ankles_m` (2, 3); `load` (4, 4)
    where the basket or bag on the arm hangs: its middle is under the origin, see `figure_clothes.LOAD_DROP_M`; None
    without one.
    """

    figure: Figure
    hands: Float32
    head_m: FloatArray
    wrists_m: FloatArray
    feet_m: FloatArray
    ankles_m: FloatArray
    load: Float32 | None


@dataclass(frozen=True, slots=True)
class _Reaching:
    """What the hands are doing, floor frame: how far gone (2,), where to (2, 3), how closed (2,), head's shift (3,)."""

    gone: FloatArray
    wrists_m: FloatArray
    closed: FloatArray
    head_shift_m: FloatArray


class Cast:
    """All people of a world as bodies; looks are drawn from `rng` once, and do not depend on who else there is."""

    def __init__(self, people: Sequence[Person], rng: np.random.Generator, detail: float = 0.6) -> None:
        seeds = [int(s) for s in rng.integers(0, 2**62, len(people))]
        self._actors = [_Actor(who, j, seed, detail) for j, (who, seed) in enumerate(zip(people, seeds, strict=True))]

    def __len__(self) -> int:
        return len(self._actors)

    def look(self, j: int) -> Look:
        """What person j looks like."""
        return self._actors[j].look

    def rest(self, j: int) -> RestFigure:
        """The surface of person j at rest; built when first asked for."""
        return self._actors[j].rest

    def posed(self, j: int, t: float, grip_m: Widths = (None, None)) -> Posed:
        """Person j at `t` seconds, between coming in and going out.

        `grip_m`: widths of what the left and right hand hold, metres; fingers close as far.  Raises ValueError when
        the person is not in the shop then.
        """
        return self._actors[j].posed(t, grip_m)


class _Actor:
    def __init__(self, who: Person, j: int, seed: int, detail: float) -> None:
        rng = np.random.default_rng(seed)
        self.who, self.j, self.detail = who, j, detail
        self.look = draw_look(rng, who.body.stature_m, who.body.arm_m, who.role == "staff")
        self.bones = skeleton_of(self.look)
        self.scale = self.bones.scale
        self.beat = rng.uniform(0.0, 2 * np.pi, 4)
        self.walk = Walk(who, self.scale)
        reaches = who.reaches
        self.times = np.array([(r.t_go, r.t_there, r.t_leave, r.t_back) for r in reaches]).reshape(-1, 4)
        self._rest: RestFigure | None = None

    @property
    def rest(self) -> RestFigure:
        if self._rest is None:
            self._rest = build_figure(self.look, self.detail)
        return self._rest

    def posed(self, t: float, grip_m: Widths) -> Posed:
        who = self.who
        if not who.t_in <= t <= who.t_out:
            raise ValueError(f"person {self.j} is in the shop from {who.t_in} to {who.t_out} s, not at {t} s")
        rest, k = self.rest, self.scale
        xy, yaw, going, phase = self.walk.at(t)
        turn = np.array([[np.sin(yaw), np.cos(yaw), 0], [-np.cos(yaw), np.sin(yaw), 0], [0, 0, 1.0]])
        ground = np.array([*xy, 0.0])
        hands = self._reaching(t)
        goals = (hands.wrists_m - ground) @ turn / k
        motion = self._motion(t, going, phase, hands, goals)
        idle = self._idle(t, going, phase)
        body = trunk(self.bones, idle[None], motion)
        if hands.gone.max() > 1e-4:
            straight = np.array([idle[ASIDE], 0.05 / k, 0.93 * REFERENCE_M - idle[DROP]])
            head = body.head_m[0] + hands.gone.max() * (straight - body.head_m[0]) + hands.head_shift_m @ turn / k
            head[2] = max(head[2], LOWEST_HEAD * REFERENCE_M)
            base = self._base_wrists(body, going, phase)
            wrists = base + hands.gone[:, None] * (goals - base)
            q = settle(self.bones, idle, motion, head, wrists, hands.gone)
            body = trunk(self.bones, q[None], motion)
            feet = _stepping(self._feet(phase, xy, yaw), q, who.body.first_hand)
        else:
            feet = self._feet(phase, xy, yaw)
        arms = self._arms(body, going, phase, hands, goals, grip_m)
        posed = pose(rest, body, feet, arms, 1 - who.body.first_hand)
        return self._drawn(posed, body, turn, ground, yaw, grip_m)

    def _drawn(
        self, posed: Bones, body: Trunk, turn: FloatArray, ground: FloatArray, yaw: float, grip_m: Widths
    ) -> Posed:
        rest, k = self.rest, self.scale
        points, normals = skin(rest, posed, yaw, ground[:2])
        figure = Figure(self.j, points, normals, rest.colours, rest.points_m, rest.cloth, rest.part, rest.triangles)
        joints = k * (posed.joints @ turn.T) + ground
        frames = grips(rest, posed, grip_m)
        frames[:, :3, :3] = turn @ frames[:, :3, :3]
        frames[:, :3, 3] = k * (frames[:, :3, 3] @ turn.T) + ground
        load = None
        if self.look.load is not None:
            load = np.eye(4, dtype=np.float32)
            load[:3, :3], load[:3, 3] = turn, joints[BONE["load"]]
        return Posed(
            figure=figure,
            hands=frames.astype(np.float32),
            head_m=k * (body.head_m[0] @ turn.T) + ground,
            wrists_m=joints[[BONE["handL"], BONE["handR"]]],
            feet_m=ground[:2],
            ankles_m=joints[[BONE["footL"], BONE["footR"]]],
            load=load,
        )

    # ---------------------------------------------------------- what is done
    def _reaching(self, t: float) -> _Reaching:
        """The same course of wrists and head as `Person.pose` gives, with later reaches over earlier ones."""
        gone, wrists, closed, shift = np.zeros(2), np.zeros((2, 3)), np.zeros(2), np.zeros(3)
        active = np.flatnonzero((self.times[:, 0] <= t) & (t < self.times[:, 3]))
        for i in active:
            r = self.who.reaches[i]
            u = np.array([(t - r.t_go) / (r.t_there - r.t_go), (r.t_back - t) / (r.t_back - r.t_leave)])
            w = float(np.prod(minimum_jerk(u)))
            shift += w * np.asarray(r.lean_m) * self.who.body.head_gain
            # base + g (a - base), then + w (b - that): both together lead with one weight to one place
            g, h = gone[r.hand], r.hand
            both = g + w - g * w
            wrists[h] = (wrists[h] * g * (1 - w) + w * np.asarray(r.wrist_m)) / max(both, 1e-9)
            gone[h] = both
            closed[h] = max(closed[h], float(minimum_jerk(np.array([(t - r.t_there) / 0.15 + 0.3]))[0]) * w)
        return _Reaching(gone, wrists, closed, shift)

    def _idle(self, t: float, going: float, phase: float) -> FloatArray:
        """What the trunk does anyway: sway while standing, bob and shift from foot to foot while walking."""
        still = max(0.0, 1 - going)
        q = np.zeros(6)
        q[LEAN] = 0.03 + 0.03 * going + 0.01 * still * np.sin(0.9 * t + self.beat[0])
        q[AHEAD] = 0.02
        q[ASIDE] = -0.018 * going * np.cos(phase) + 0.016 * still * np.sin(0.7 * t + self.beat[1])
        q[DROP] = 0.006 + going * (0.020 - 0.018 * np.cos(2 * phase))
        return q

    def _motion(self, t: float, going: float, phase: float, hands: _Reaching, goals: FloatArray) -> Motion:
        yaw = 0.22 * np.sin(0.41 * t + self.beat[2]) * np.sin(0.17 * t + self.beat[3])
        pitch = -0.10 + 0.05 * np.sin(0.23 * t + self.beat[0])
        h = int(np.argmax(hands.gone))
        w = float(hands.gone[h])
        if w > 0:
            v = goals[h] - np.array([0.0, 0.1, 1.6])
            to_yaw = 0.8 * float(np.clip(np.arctan2(-v[0], max(v[1], 0.05)), -1.0, 1.0))
            to_pitch = 0.7 * float(np.clip(np.arctan2(v[2], np.hypot(v[0], v[1])), -0.9, 0.6))
            yaw, pitch = yaw + w * (to_yaw - yaw), pitch + w * (to_pitch - pitch)
        rise = hands.gone * np.clip((goals[:, 2] - 1.15) * 0.8, -0.1, 0.45)
        swing = going * float(np.sin(phase))
        return Motion(
            hips_yaw=0.10 * swing,
            hips_roll=0.03 * going * float(np.cos(phase)),
            gaze=(float(yaw), float(pitch)),
            rise=(float(rise[0]), float(rise[1])),
            forward=(0.22 * float(hands.gone[0]), 0.22 * float(hands.gone[1])),
        )

    def _base_wrists(self, body: Trunk, going: float, phase: float) -> FloatArray:
        """Where hands are that do nothing: one swings, one is bent to carry."""
        bones, swing = self.bones, going * float(np.sin(phase))
        out = np.empty((2, 3))
        bent = LOAD_BENT if self.look.load is not None else FREE_BENT
        for side, (_, g) in enumerate(SIDES):
            carries = side != self.who.body.first_hand
            angle = 0.07 - 0.40 * g * swing * (0.35 if carries else 1.0)
            hang = unit(np.array([g * 0.12, np.sin(angle), -np.cos(angle)]))
            offset = hang * bones.arm_m * (0.972 - 0.06 * max(angle, 0.0))
            if carries:
                held = np.array([g * (0.045 if self.look.load else 0.0), 0.215 - 0.03 * g * swing, -0.365])
                offset = offset + bent * (held * bones.arm_m / 0.58 - offset)
            out[side] = body.shoulders_m[0, side] + offset
        return out

    def _arms(
        self, body: Trunk, going: float, phase: float, hands: _Reaching, goals: FloatArray, grip_m: Widths
    ) -> Arms:
        base = self._base_wrists(body, going, phase)
        w = hands.gone[:, None]
        poles, curl = np.empty((2, 3)), np.empty(2)
        for side, (_, g) in enumerate(SIDES):
            high = float(np.clip((goals[side, 2] - 1.15) / 0.4, 0.0, 1.0))
            reach = (1 - high) * np.array([g * 0.5, -0.35, -1.0]) + high * np.array([g * 0.9, 0.1, -0.6])
            loose = np.array([g * 0.35, -1.0, -0.25])
            poles[side] = unit(loose + w[side] * (reach - loose))
            curl[side] = 0.42 - 0.25 * hands.gone[side] + 0.6 * hands.closed[side]
            width = grip_m[side]
            if width is not None:
                curl[side] = float(np.clip(1.35 - 9.0 * width / self.scale, 0.25, 1.2))
        return Arms(base + w * (goals - base), poles, curl)

    def _feet(self, phase: float, xy: FloatArray, yaw: float) -> Feet:
        """The feet in the figure's frame."""
        feet = self.walk.feet(phase)
        c, s = np.sin(yaw), np.cos(yaw)
        at = (feet.at_m - xy) @ np.array([[c, s], [-s, c]]) / self.scale
        return replace(feet, at_m=at, yaw_rad=feet.yaw_rad - yaw, lift_m=feet.lift_m / self.scale)


def _stepping(feet: Feet, q: FloatArray, first_hand: int) -> Feet:
    """Going down low takes one foot back and its heel up; going far ahead takes the other foot along."""
    low, far = _share(q[DROP], 0.14, 0.34), _share(q[AHEAD], 0.08, 0.40)
    if low == 0.0 and far == 0.0:
        return feet
    back, front = first_hand, 1 - first_hand
    at, lift, pitch, toe = feet.at_m.copy(), feet.lift_m.copy(), feet.pitch_rad.copy(), feet.toe_rad.copy()
    at[back, 1] -= 0.19 * low * (1 - far)
    at[front, 1] += 0.05 * low + 0.36 * far
    lift[back] += 0.04 * np.sin(np.pi * low)
    lift[front] += 0.05 * np.sin(np.pi * far)
    pitch[back] -= 0.6 * low
    toe[back] += 0.6 * low
    return replace(feet, at_m=at, lift_m=lift, pitch_rad=pitch, toe_rad=toe)


def _share(value: float, low: float, high: float) -> float:
    u = min(max((value - low) / (high - low), 0.0), 1.0)
    return float(u * u * (3 - 2 * u))
