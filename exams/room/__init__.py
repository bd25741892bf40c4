"""The room of an exam: who watches it, and what they may give, say, note and ask for.

`rooms` and `seats` show it as it stands; `allowances`, `windows` and `announcing` give; `story` and `evidence` are what a person judges by;
`interventions` needs two. `cms_room` and `cms_sitter` are the screens.
"""
