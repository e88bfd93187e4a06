"""Refusals about what people say: saved views and annotations."""

from core.kernel.errors import LeadbenchError


class ViewNameInvalid(LeadbenchError):
    """A name that cannot be a saved view's."""

    code = "invalid_view_name"

    def __init__(self, name: str, longest: int) -> None:
        super().__init__(
            f"`{name}` cannot be the name of a view.", value=name, remedy=f"Use 1 to {longest} characters."
        )


class ViewUnknown(LeadbenchError):
    """A view that this person did not save."""

    code = "unknown_view"

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(
            f"{owner} has no view `{name}` here.",
            value=name,
            remedy="Open the list again; only its owner drops a view.",
        )


class AnnotationInvalid(LeadbenchError):
    """Words that cannot be an annotation's."""

    code = "invalid_annotation"

    def __init__(self, content: str, longest: int) -> None:
        super().__init__(
            f"`{content[:longest]}` cannot be an annotation.",
            value=content[:longest],
            remedy=f"Say what happened in 1 to {longest} characters.",
        )


class AnnotationUnknown(LeadbenchError):
    """An annotation that is not there."""

    code = "unknown_annotation"

    def __init__(self, annotation_id: str) -> None:
        super().__init__(
            f"There is no annotation `{annotation_id}`.", value=annotation_id, remedy="Open the list again."
        )
