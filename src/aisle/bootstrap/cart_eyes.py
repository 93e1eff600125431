"""The eyes of a cart for a store folder: its pictures enrolled with the embedding this machine has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aisle.bootstrap.embeddings import chosen_embedding
from aisle.bootstrap.recognising import INDEX
from aisle.cart.perception import CameraPerception
from aisle.settings import read_settings
from aisle.store.folder import IMAGES
from aisle.vision.recognisers.enrolment import EnrolmentError, VectorIndex, enrolled
from aisle.vision.recognisers.fitting import fitted


def cart_eyes(store: Path, note: Callable[[str], None]) -> CameraPerception:
    """Reads codes, and recognises what the store folder has pictures of; `note` hears what may surprise.

    Pictures of which none can be used are told and leave the codes. Raises SettingsError, ModelFolderError and
    ModelFileError.
    """
    images = store / IMAGES
    if not images.is_dir() or not any(images.iterdir()):
        note(f"{images}: no pictures of products: items are known by their codes alone")
        return CameraPerception()
    chosen = chosen_embedding(read_settings(store))
    index = VectorIndex(store / INDEX, chosen.embedding)
    try:
        found = enrolled(images, chosen.embedding, index)
    except EnrolmentError as error:
        note(f"{error}\nItems are known by their codes alone.")
        return CameraPerception()
    try:
        index.save()
    except OSError:
        note(f"{store / INDEX}: cannot be written; the pictures are looked at anew each time")
    for one in found.refused[:5]:
        note(one.reason)
    learnt = fitted(found.gallery)
    recogniser = learnt.recogniser(chosen.embedding, found.gallery)
    return CameraPerception(recogniser, products=len(found.gallery.gtins), else_share=learnt.odds.else_share)
