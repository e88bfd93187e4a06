"""Refusals of the feature room."""

from collections.abc import Collection

from core.kernel.errors import LeadbenchError, Where, did_you_mean


class FeatureSetInvalid(LeadbenchError):
    """A feature set that does not say what a feature is."""

    code = "invalid_feature_set"

    def __init__(self, message: str, *, value: object, remedy: str, where: Where | None = None) -> None:
        super().__init__(message, value=value, remedy=remedy, where=where)


class FeatureSetUnknown(LeadbenchError):
    """No feature set of that hash is registered."""

    code = "unknown_feature_set"

    def __init__(self, hash_text: str) -> None:
        super().__init__(
            f"No feature set `{hash_text}` is registered.",
            value=hash_text,
            remedy="List the registered ones with `leadbench features list`.",
        )


class FeatureUnknown(LeadbenchError):
    """No registered set has a feature of that name."""

    code = "unknown_feature"

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(
            f"No registered feature set has a feature `{name}`.",
            value=name,
            remedy=did_you_mean(name, known, "List the registered ones with `leadbench features list`."),
        )


class NotPortable(LeadbenchError):
    """A set whose statement reads JSON, which each engine spells in its own way."""

    code = "not_portable"

    def __init__(self, set_name: str, engine: str, read: str) -> None:
        super().__init__(
            f"`{set_name}` reads `{read}` as JSON, which cannot be rendered for {engine}.",
            value=read,
            remedy="Declare these properties in an event schema and run `leadbench store compact`: each gets a column.",
        )


class NothingToBuild(LeadbenchError):
    """A store without a single event, so that there is no moment to build at."""

    code = "nothing_to_build"

    def __init__(self) -> None:
        super().__init__(
            "The store has no event, so there is no moment to build features at.",
            value=0,
            remedy="Import events first, or give the rows yourself with `features build --spine`.",
        )


class AttributeUnknown(LeadbenchError):
    """A feature reads an attribute that no lead has."""

    code = "unknown_attribute"

    def __init__(self, feature: str, attribute: str, known: Collection[str]) -> None:
        super().__init__(
            f"Feature `{feature}` reads the attribute `{attribute}`, which no lead has.",
            value=attribute,
            remedy=did_you_mean(attribute, known, "Import leads that have it, or remove the feature."),
        )


class AttributePersonal(LeadbenchError):
    """A feature reads a sealed personal attribute."""

    code = "personal_attribute"

    def __init__(self, feature: str, attribute: str) -> None:
        super().__init__(
            f"Feature `{feature}` reads the attribute `{attribute}`, which is personal data and stays sealed.",
            value=attribute,
            remedy="Remove the feature; personal fields are never used for scoring.",
        )


class SpineInvalid(LeadbenchError):
    """A spine that cannot say which rows to build."""

    code = "invalid_spine"

    def __init__(self, message: str, value: object, remedy: str) -> None:
        super().__init__(message, value=value, remedy=remedy)
