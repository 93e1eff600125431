"""The truth of filmed recordings as compact files beside the JSON: where people were, and what each frame shows.

`<name>.tracks.npz` (times in seconds since the recording's `t0`, metres in the floor frame, n moments, k people):
`t` (n,), `ids` (k,) as in the JSON, `present` (n, k), `feet_m` (n, k, 2), `heads_m` (n, k, 3), `wrists_m` (n, k, 2, 3)
left then right, `holding` (n, k, 2) the number of items in that hand that can be seen.

`<name>.frames.npz` (f frames in order of receipt, p people in them): `cameras` (c,) names, `frame_camera` (f,),
`frame_t` (f,) true seconds, `frame_t_ns` (f,) as sent; `person_frame` (p,), `person` (p,) index into `ids`,
`boxes_px` (p, 4), `whole_px` (p, 4), `visible` (p,), `cut` (p,), `heads_px` (p, 2), `feet_px` (p, 2),
`wrists_px` (p, 2, 2), `wrists_visible` (p, 2), `holding` (p, 2) GTINs or "", `feet_m` (p, 2), `heads_m` (p, 3),
`wrists_m` (p, 2, 3) exactly as drawn; in the tracks feet and reaching wrists are exact, heads within 2 cm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisle.simulation.pictures.filming import Film

LEAST_HZ = 20.0
Columns = dict[str, np.ndarray]


def write_film_truth(film: Film, folder: Path, name: str) -> tuple[Path, ...]:
    """Write the two files; the second only when frames have been rendered.  Returns the paths written."""
    paths = [folder / f"{name}.tracks.npz"]
    np.savez_compressed(paths[0], **tracks_of(film))  # type: ignore[arg-type]
    if film.shown:
        paths.append(folder / f"{name}.frames.npz")
        np.savez_compressed(paths[1], **frames_of(film))  # type: ignore[arg-type]
    return tuple(paths)


def tracks_of(film: Film) -> Columns:
    """Everybody's way through the shop, at the frame rate or 20 a second, whichever is more."""
    people = film.world.people
    t = np.arange(0.0, film.duration_s, 1.0 / max(LEAST_HZ, film.fps))
    n, k = len(t), len(people)
    feet, heads = np.full((n, k, 2), np.nan, np.float32), np.full((n, k, 3), np.nan, np.float32)
    wrists, present = np.full((n, k, 2, 3), np.nan, np.float32), np.zeros((n, k), dtype=bool)
    for j, who in enumerate(people):
        inside = np.flatnonzero((t >= who.t_in) & (t < who.t_out))
        present[inside, j] = True
        if len(inside):
            pose = who.pose(t[inside], 0.0)
            feet[inside, j], heads[inside, j], wrists[inside, j] = pose.feet_m, pose.head_m, pose.wrists_m
    holding = np.zeros((n, k, 2), dtype=np.uint8)
    for stay in film.stays():
        if stay.place == "hand":
            a, b = np.searchsorted(t, (stay.since, stay.until))
            holding[a:b, stay.person, stay.hand] += 1
    return {
        "t": t,
        "ids": np.array([who.ident for who in people], dtype=str),
        "present": present,
        "feet_m": feet,
        "heads_m": heads,
        "wrists_m": wrists,
        "holding": holding,
    }


def frames_of(film: Film) -> Columns:
    """What the frames sent so far show."""
    number = {camera.camera_id: k for k, camera in enumerate(film.cameras)}
    people = [(k, person) for k, filmed in enumerate(film.shown) for person in filmed.truth.people]
    count = len(people)

    def column(values: list[object], width: tuple[int, ...], kind: type) -> np.ndarray:
        return np.array(values, dtype=kind).reshape(count, *width)

    return {
        "cameras": np.array([camera.camera_id for camera in film.cameras], dtype=str),
        "frame_camera": np.array([number[f.reading.camera] for f in film.shown], dtype=np.int16),
        "frame_t": np.array([f.t for f in film.shown]),
        "frame_t_ns": np.array([f.reading.t_ns for f in film.shown], dtype=np.int64),
        "person_frame": column([k for k, _ in people], (), np.int32),
        "person": column([p.person for _, p in people], (), np.int16),
        "boxes_px": column([p.box for _, p in people], (4,), np.int16),
        "whole_px": column([p.whole for _, p in people], (4,), np.int16),
        "visible": column([p.visible for _, p in people], (), np.float32),
        "cut": column([p.cut for _, p in people], (), np.float32),
        "heads_px": column([p.head_px for _, p in people], (2,), np.float32),
        "feet_px": column([p.feet_px for _, p in people], (2,), np.float32),
        "wrists_px": column([p.wrists_px for _, p in people], (2, 2), np.float32),
        "wrists_visible": column([p.wrists_visible for _, p in people], (2,), bool),
        "holding": column([[gtin or "" for gtin in p.holding] for _, p in people], (2,), str),
        "feet_m": column([p.feet_m for _, p in people], (2,), np.float32),
        "heads_m": column([p.head_m for _, p in people], (3,), np.float32),
        "wrists_m": column([p.wrists_m for _, p in people], (2, 3), np.float32),
    }
