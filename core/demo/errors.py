"""What the demo stream refuses."""

from core.kernel.errors import LeadbenchError


class DemoSizeInvalid(LeadbenchError):
    """A size at which the stream would show nothing."""

    code = "invalid_size"

    def __init__(self, name: str, value: int, least: int, because: str) -> None:
        super().__init__(
            f"The demo stream cannot be made with {name} `{value}`: {because}.",
            value=value,
            remedy=f"Give at least {least}.",
        )
