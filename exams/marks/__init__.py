"""What answers are worth, and what of it stands. Knows nothing of how they came in.

`scoring` is the arithmetic of one answer, `marking` makes a result of them and posts it; `tries` and `resits` say which of several stands,
`voiding` takes one out again, `tally` adds up place by place.
"""
