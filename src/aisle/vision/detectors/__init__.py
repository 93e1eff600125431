"""What is in a picture: people (`PeopleDetector` of `vision.seen`) and goods, one file per network.

In come pictures of one or several cameras, out go boxes with probabilities in the pictures' pixels.  Networks run in
onnxruntime; `sessions` opens them all.  May import `sensing`, `store` and the contracts of `vision`.
"""
