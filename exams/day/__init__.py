"""The road of one attempt, from the finger to the mark; docs/exam-day.md walks it.

In the order of the road: `passes` lets a device in; `lane` answers it beside the middleware (`pressure` says when to come later, `trespass` notes
who asks for another's); `sheets` holds the frozen side in memory, `pieces` and `pages` make the paper of it, `warming` has them ready;
`exchange` and `beats` read what a phone sends; `attempts` starts, answers and hands in by the statements of `saving`; `journal`, `receipts`
and `flood` keep, prove and bound what arrived, `incidents` says what happened meanwhile; `late` takes what comes after the end, by the rule of
`lateness`; `verifying` replays it all. `brought` goes the same road for whole answer sheets.
Nothing here knows who watches, who decides afterwards, or any page but the paper.
"""
