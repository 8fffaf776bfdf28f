"""A clock that is moved by hand, the wall's time apart from the time that only goes on."""


class MovedClock:
    """Both stand until a test moves them."""

    def __init__(self) -> None:
        self.wall_s = 1_700_000_000.0
        self.seconds = 1_000.0

    def now_ms(self) -> int:
        return int(self.wall_s * 1000)

    def monotonic_s(self) -> float:
        return self.seconds
