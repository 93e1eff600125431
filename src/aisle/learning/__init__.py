"""How the shop's models are made: pictures with truth in, networks with cards out.

In come folders of labelled pictures (rendered, or answered by people); out go ONNX files, each with a model card that
says what it was trained on, what it scores and what it is not good for.  Needs the extra `train` (torch).  May import
`review` and everything below it, and never the simulation: whoever wants rendered pictures composes the two above.
"""
