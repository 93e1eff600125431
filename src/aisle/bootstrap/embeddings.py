"""Which embedding this machine recognises products with: what settings name, else the best that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aisle.settings import Settings
from aisle.vision.recognisers.cards import EmbeddingCard
from aisle.vision.recognisers.gallery import Embedding
from aisle.vision.recognisers.joined import composed
from aisle.vision.recognisers.model_folder import ModelFolder, default_folder, usable
from aisle.vision.recognisers.networks import NetworkEmbedding
from aisle.vision.recognisers.packages import SHIPPED, SIDE_PX

PACKAGE_CARD = EmbeddingCard(SIDE_PX, SIDE_PX, channels="bgr", layout="nhwc", fit="pad", pool="none")


@dataclass(frozen=True, slots=True)
class Chosen:
    """An embedding, the names of the models behind it, and where they came from."""

    embedding: Embedding
    names: tuple[str, ...]
    source: str


def model_folder(settings: Settings, environ: Mapping[str, str] | None = None) -> ModelFolder:
    """The folder of AISLE_MODELS, else the one of the user's data."""
    if settings.models:
        return ModelFolder(Path(settings.models).expanduser())
    return ModelFolder(default_folder(os.environ if environ is None else environ, Path.home()))


def chosen_embedding(settings: Settings, environ: Mapping[str, str] | None = None) -> Chosen:
    """The models AISLE_EMBEDDINGS names; without it all in the folder of models; else those of AISLE_DATA; else ours.

    Raises ModelFolderError and ModelFileError for models that are named and cannot be used.
    """
    environ = os.environ if environ is None else environ
    named = tuple(name.strip() for name in settings.embeddings.split(",") if name.strip())
    folder = model_folder(settings, environ)
    folders = [(folder, str(folder.folder))]
    if environ.get("AISLE_DATA") and not named:
        data = Path(environ["AISLE_DATA"]) / "models"
        folders.append((ModelFolder(data), f"{data} (AISLE_DATA)"))
    for there, source in folders:
        names = named or tuple(kept.name for kept in usable(there.models()))
        if names:
            parts = [there.open(name) for name in names]
            return Chosen(composed(parts), names, source)
    if SHIPPED.is_file():
        return Chosen(composed([NetworkEmbedding(SHIPPED, PACKAGE_CARD)]), ("package",), "shipped with Aisle")
    return Chosen(composed([]), (), "no network: by colours alone; see: aisle models pull")
