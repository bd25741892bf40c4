class Refused(Exception):
    """A verb will not do what was asked; `str()` is one whole sentence for the person who asked."""

    def __init__(self, sentence: str, *, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = str(sentence)
        self.code = code
