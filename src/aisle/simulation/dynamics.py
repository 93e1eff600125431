"""How strongly everything trembles, leaks, drifts and drops out: the knobs of the simulated shop.

The figures that were measured in a real store (white noise of single plates,
press before a lift, leak to neighbours, sway of the upper boards) are named as
such; the other ranges are wide on purpose, because the simulator exists to show
that an engine does *not* depend on one set of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Ranges the world is drawn from: a shop draws once per plate or shelf, a person once, an action each time.

    Grams, seconds, metres, hertz; a `Range` is a uniform interval (low, high);
    "median, spread" pairs are log-normal (spread = sigma of the logarithm).
    """

    name: str = "default"

    # -- load cells ---------------------------------------------------------
    white_g: Range = (0.7, 0.5)  # white noise per plate: median, spread (measured: median 0.64, p90 2.1)
    flicker: float = 0.6  # 1/f part, as a share of the white noise
    drift_g_per_min: float = 2.0  # sd of a plate's linear drift (measured: p95 0.6-2.7 g in 17 s)
    quantum_g: float = 0.15  # least step of the converter
    gain_error: float = 0.003  # sd per plate
    zero_g: Range = (-1500.0, 3500.0)  # plates are never zeroed
    creep: Range = (0.0002, 0.0012)  # share of a load that follows slowly
    creep_s: Range = (20.0, 70.0)
    one_cell_factor: float = 2.2  # white noise of one cell under a whole board, against a plate's

    # -- how a load spreads over plates -------------------------------------
    leak: Range = (0.009, 0.6)  # share shown by the next plate: median, spread (measured: 1.0-1.7 %)
    leak_taken: Range = (0.0, 1.0)  # how much of what leaks the loaded plate itself lacks
    edge_error_m: float = 0.004  # sd of where a plate really ends
    edge_soft_m: Range = (0.001, 0.006)  # a footprint's border is not a knife
    slant: float = 0.25  # uneven load under an item, at most, of its weight per half

    # -- steps --------------------------------------------------------------
    lift_s: Range = (0.10, 0.55)
    place_s: Range = (0.04, 0.20)
    ring_hz: Range = (5.0, 16.0)
    ring_damping: Range = (0.04, 0.20)  # of critical
    ring_share: Range = (0.05, 0.45)  # first swing against the step
    press_before: float = 0.65  # chance that the hand presses before it lifts (measured once: +30-50 g)
    press_g: Range = (15.0, 160.0)
    press_s: Range = (0.12, 0.45)
    brush_after: float = 0.35  # chance that it brushes by afterwards
    tug_g: Range = (-140.0, -15.0)  # items pulled or lifted at one edge
    tug_chance: float = 0.25

    # -- the gondola moves --------------------------------------------------
    # rms on the top board while somebody moves near: median, spread (measured: 11-17)
    sway_g: Range = (5.0, 0.6)
    sway_hz: Range = (5.0, 18.0)
    sway_s: Range = (0.8, 4.5)
    sway_per_stop: float = 1.2  # mean number per stop of a person
    sway_after_step: float = 0.5  # chance after a strong step (over 150 g)
    truck_per_min: float = 0.4  # doors, trolleys, footsteps that nobody of ours caused

    # -- the line -----------------------------------------------------------
    batch_loss: float = 0.001
    burst_loss_per_min: float = 0.05  # a gondola silent for some batches
    burst_loss_s: Range = (0.2, 0.8)
    clock_error_s: float = 0.012  # sd per gondola
    latency_s: Range = (0.02, 0.012)  # least, mean of what is added at random

    # -- goods --------------------------------------------------------------
    weight_spread: Range = (0.002, 0.012)  # between units of one product, as a share
    rows: tuple[int, int] = (0, 5)  # items behind each other in a column, inclusive; 0 leaves holes
    second_facing: float = 0.15  # share of facings that show a product which also stands elsewhere

    # -- people -------------------------------------------------------------
    stature_m: Range = (1.50, 1.93)
    arm_share: Range = (0.31, 0.35)  # shoulder to wrist, of the stature
    pace_m_s: Range = (0.7, 1.35)
    stand_off_m: Range = (0.28, 0.62)  # from the shelf's front edge
    stand_aside_m: float = 0.16  # sd, sideways from what is reached for
    over_lean: Range = (0.9, 1.5)  # people lean further than they must
    hand_m: Range = (0.06, 0.13)  # wrist to finger tips
    hurry: Range = (0.8, 1.4)  # stretches every pause and reach

    # -- the tracker --------------------------------------------------------
    track_hz: Range = (10.0, 15.0)
    head_noise_m: float = 0.02
    head_bias_m: float = 0.03  # slow error, sd
    wrist_noise_m: float = 0.035
    wrist_missing: float = 0.15
    wrist_hidden_at_shelf: float = 0.10  # further loss while a hand is in the shelf
    dropout_per_min: float = 2.0
    dropout_s: Range = (0.15, 0.8)
    lost_per_min: float = 0.0  # losses that end in a new id
    lost_s: Range = (0.3, 1.5)
    wrong_wrist: float = 0.0  # chance per frame that a neighbour's wrist is taken, within 0.8 m


PRESETS: dict[str, Dynamics] = {
    "default": Dynamics(),
    "calm": Dynamics(
        name="calm",
        white_g=(0.4, 0.3),
        flicker=0.3,
        drift_g_per_min=0.6,
        sway_g=(2.0, 0.4),
        sway_per_stop=0.6,
        truck_per_min=0.1,
        batch_loss=0.0,
        burst_loss_per_min=0.0,
    ),
    "noisy": Dynamics(
        name="noisy",
        white_g=(4.0, 0.5),
        flicker=0.8,
        drift_g_per_min=5.0,
        sway_g=(9.0, 0.7),
        sway_per_stop=1.6,
        truck_per_min=1.5,
        press_before=0.85,
        press_g=(30.0, 350.0),
        batch_loss=0.003,
        burst_loss_per_min=0.15,
    ),
    "soft-shelf": Dynamics(
        name="soft-shelf",
        leak=(0.045, 0.5),
        leak_taken=(0.5, 1.0),
        edge_error_m=0.009,
        edge_soft_m=(0.006, 0.02),
        slant=0.5,
        ring_hz=(3.0, 7.0),
        ring_damping=(0.03, 0.08),
        ring_share=(0.25, 0.7),
        creep=(0.001, 0.004),
    ),
    "far-reach": Dynamics(
        name="far-reach",
        stand_off_m=(0.45, 0.85),
        stand_aside_m=0.30,
        over_lean=(0.8, 1.1),
        wrist_missing=0.3,
        head_bias_m=0.06,
        wrist_noise_m=0.06,
    ),
}


def rough_tracks(dynamics: Dynamics) -> Dynamics:
    """The same shop watched by a weaker tracker: noisier, hands lost or mistaken, a new id after a loss."""
    return replace(
        dynamics,
        name=f"{dynamics.name}, rough tracks",
        head_noise_m=dynamics.head_noise_m + 0.04,
        wrist_noise_m=dynamics.wrist_noise_m + 0.05,
        wrist_missing=min(0.5, dynamics.wrist_missing + 0.15),
        dropout_per_min=dynamics.dropout_per_min * 1.5,
        lost_per_min=2.2,
        wrong_wrist=0.04,
    )
