"""Why a decoder refused its input: one word that crosses from the limited process."""


class DecodingError(Exception):
    """A refusal by a decoder; `fault` is a word of its caller's table of sentences.

    Only that word leaves the limited process: sentences for users are written on this side,
    because what comes out of a process that read hostile bytes is not to be trusted.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault
