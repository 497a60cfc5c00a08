"""
Deterministic concurrency: short sessions, played in every order that their steps can come in.

`conformance/interleavings/*.toml` say who does what and what may come of it. From the bottom: `script` is what a file
says, `vocabulary` the words that it may use, `reading` how it is read. `permutation` walks through the orders. `scene`
is the small world of one play, `deed` what a step does, `player` who does it, `waiting` how a wait is known for one.
`play` plays one order, `testimony` and `judgement` say what came of it, `stage` does so for every order of a file.
"""
