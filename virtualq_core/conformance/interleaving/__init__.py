"""
Deterministic concurrency: short sessions, played in every order that their steps can come in.

`conformance/interleavings/*.toml` say who does what and what may come of it. From the bottom:

- `script` is what a file says, `vocabulary` its words; `form`, `step`, `combination` and `reading` read it.
- `permutation` walks through the orders.
- `scene` is the small world of a play. A `deed` is a step being taken: an `offer` of the subject's protocol or a plain
  `statement`, by a `client`, for a `player`; `waiting` knows who waits. `play` plays one order.
- `testimony` is what the database then says, `judgement` what is wrong with it; `stage` plays every order of a file.
"""
