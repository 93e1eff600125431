"""Where people's hands are in a picture, one file per network, behind `hands.HandFinder`.

In come a picture and the boxes of people, out go wrists or palms in the picture's pixels.  The networks are TensorFlow
Lite files and want the extra `litert`; nothing of it is imported before one is opened.  May import the contracts of
`vision` only.
"""
