"""What a smart cart's devices say: its load cell, motion sensor, scanners, cameras and the screen's taps.

In come live devices and recordings of trips (`recording.py`); out go `readings` in order of receipt and health entries
for whatever was wrong.  May import `store` and the rest of `sensing`.
"""
