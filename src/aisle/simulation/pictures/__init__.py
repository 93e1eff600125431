"""What the cameras of the simulated shop would show.

In comes a world that has run (people, stock, deeds) and cameras; out come pictures with pixel-exact truth: who and what
is at every pixel, and how far.  One renderer draws with OpenGL, one with plain arrays, behind the same interface.  May
import `store`, `sensing` and the rest of `simulation`; what it knows reaches others only as pictures and truth files.
"""
