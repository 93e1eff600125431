"""What goes wrong between a shop and its payment provider, as a plan that is the same for the same seed.

A request gets lost on the way (nothing happened), an answer gets lost on the way back (it happened), a webhook comes
late, twice, or after one sent later. Chances are taken from a hash of the seed and what they are about, so that neither
threads nor the order of calls change the plan of one message.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong (shares between 0 and 1) and how late webhooks come at most (seconds)."""

    seed: int = 0
    lost_requests: float = 0.0
    lost_answers: float = 0.0
    late: float = 0.0
    late_s: float = 60.0
    repeated: float = 0.0

    def loses_request(self, key: str, attempt: int) -> bool:
        """Whether the `attempt`-th call with a key never arrives."""
        return self.lost_requests > 0 and self._share("request", key, str(attempt)) < self.lost_requests

    def loses_answer(self, key: str, attempt: int) -> bool:
        """Whether the answer to the `attempt`-th call with a key never comes back."""
        return self.lost_answers > 0 and self._share("answer", key, str(attempt)) < self.lost_answers

    def delays_ns(self, event_id: str) -> tuple[int, ...]:
        """When the copies of a webhook are sent, in nanoseconds after the event; one copy unless it is repeated."""
        copies = 2 if self._share("repeated", event_id) < self.repeated else 1
        return tuple(self._delay_ns(event_id, str(copy)) for copy in range(copies))

    def _delay_ns(self, event_id: str, copy: str) -> int:
        if self._share("late", event_id, copy) >= self.late:
            return 0
        return int(self._share("delay", event_id, copy) * self.late_s * 1e9)

    def _share(self, *about: str) -> float:
        text = "\x1f".join((str(self.seed), *about)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64


NO_FAULTS = Faults()
