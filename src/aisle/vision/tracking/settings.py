"""What the floor tracker assumes of detectors, shops and people; every figure with its unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from aisle.vision.tracking.motion import Motion


@dataclass(frozen=True, slots=True)
class FloorSettings:
    """Metres, seconds, probabilities.

    Rates of births and clutter are per picture; spreads in metres are what a head or foot point differs from the
    model's even where the detector is exact.
    """

    motion: Motion = field(default_factory=Motion)
    detected: float = 0.85  # chance that a detector finds somebody in plain view, before a camera has been learnt
    clutter: float = 0.15  # false detections per picture
    head_model_m: float = 0.04
    foot_model_m: float = 0.07
    noise_gain: float = 1.5  # errors last longer than a frame; standard deviations grow by this
    foot_wrong: float = 0.10  # share of detections whose foot point is no foot (hidden, cut off)
    head_wrong: float = 0.05
    gate_nats: float = 9.0  # half the squared distance beyond which a pairing is out of question
    born_at_gate: float = 0.4  # probability that a detection nobody explains is a person, near a gate
    born_inside: float = 0.12  # and elsewhere on the floor
    born_outside: float = 0.01  # and off the floor: the street behind the window
    gate_m: float = 1.2
    stays_s: float = 30.0  # unseen people are taken to be gone after about this
    confirm: float = 0.97
    drop: float = 0.03
    lone_hits: int = 6  # sightings that confirm a person whom one camera alone can see
    lone_s: float = 0.6
    coast_s: float = 2.0  # people unseen are carried on for so long, then they are lost
    exit_s: float = 0.6  # the same at an exit
    lost_sigma_m: float = 0.9
    remember_s: float = 60.0  # lost people may be found again
    farthest_m: float = 60.0
    looks_weight: float = 0.6  # looks of consecutive frames are not independent
    notable_swap: float = 0.01  # swaps less probable than this are not told
