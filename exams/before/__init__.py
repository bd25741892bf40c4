"""What stands before the bell: questions and banks, an exam as it is written down, who sits it, the frozen paper, each person's draw.

`questions` has the kinds of question, `banks` brings them in from `content/`; `drafts` writes an exam down; `candidates` and `listed` say who
sits it; `papers` freezes it, and `drawing` gives everybody a paper of their own.
"""
