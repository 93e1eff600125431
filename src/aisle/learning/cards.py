"""Model cards: what a network was trained on, what it scores where, and what it is not good for.

After Mitchell et al., "Model Cards for Model Reporting", 2019, cut down to what a shopkeeper and an engineer ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One network's card; `scores` are tables: name -> row name -> measure -> value."""

    name: str
    purpose: str
    model: Path
    data: Sequence[str]
    training: Sequence[str]
    limits: Sequence[str]
    scores: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def text(self) -> str:
        """The card in Markdown."""
        content = self.model.read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        parts = [
            f"# {self.name}\n\n{self.purpose}\n",
            f"File `{self.model.name}`, {len(content) / 1e6:.2f} MB, SHA-256 `{checksum}`.\n",
            _listed("Trained on", self.data),
            _listed("How", self.training),
            *(f"## {title}\n\n{_table(rows)}" for title, rows in self.scores.items()),
            _listed("Not good for", self.limits),
        ]
        return "\n".join(parts)

    def write(self) -> Path:
        """Write the card beside the model, with the suffix `.md`; returns its path."""
        path = self.model.with_suffix(".md")
        path.write_text(self.text(), encoding="utf-8")
        return path


def _listed(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "".join(f"- {line}\n" for line in lines)


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    measures = list(dict.fromkeys(measure for row in rows.values() for measure in row))
    lines = ["| | " + " | ".join(measures) + " |", "|---" * (len(measures) + 1) + "|"]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[m]:.3f}" if m in row else "" for m in measures) + " |")
    return "\n".join(lines) + "\n"
