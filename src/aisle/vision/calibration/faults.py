"""The one error a calibration ends with: what is wrong, where, and what would be right."""

from __future__ import annotations


class CalibrationError(Exception):
    """No calibration can be made of what was given; the message names file and row, and what would be right."""
