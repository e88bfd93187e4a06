"""The names of models and policies by their hashes, and the words of the policy that decides."""

from dataclasses import dataclass, field

import streamlit as st

from app.queries.access import revision, rooms
from core.features.lineage import Family, family
from core.features.naming import humanised
from core.kernel.canonical import short
from core.kernel.errors import LeadbenchError
from core.policy.document import Policy

LETTERS = "ABCDEFGH"
OUTPUTS = {"sla_min": "agreed time, min", "next_state": "state"}


@dataclass(frozen=True)
class Bands:
    """The bands of a policy, best first, with their letters and the scores at which a lead enters them."""

    labels: dict[str, str] = field(default_factory=dict)
    enter: dict[str, float] = field(default_factory=dict)

    @property
    def order(self) -> list[str]:
        """The bands' words, best first."""
        return list(self.labels)

    def label(self, band: str | None) -> str:
        """The band's letter, a dash where a lead has none."""
        return self.labels.get(band or "", band or "–")

    def position(self, band: str | None) -> int:
        """The band's place, 0 for the best."""
        return self.order.index(band) if band in self.labels else len(self.labels)


def policy_name(content_hash: str) -> str:
    """`default v3` where it was published, else its reference."""
    return _policy_names(revision("policy")).get(content_hash, short(content_hash))


@st.cache_data(max_entries=4, show_spinner=False)
def _policy_names(revision: str) -> dict[str, str]:
    return {
        item.content_hash: f"{item.name} v{item.version}" if item.version else item.ref
        for item in rooms().policies.history()
    }


def bands(content_hash: str | None = None) -> Bands:
    """The bands of a policy, by default of the one that decides; empty where there is none."""
    return _bands(revision("policy"), content_hash)


@st.cache_data(max_entries=16, show_spinner=False)
def _bands(revision: str, content_hash: str | None) -> Bands:
    policy = policy_of(content_hash)
    if policy is None:
        return Bands()
    block = policy.document.bands
    words = [*block.order, *([block.otherwise] if block.otherwise not in block.order else [])]
    labels = {word: block.labels.get(word, LETTERS[min(place, 7)]) for place, word in enumerate(words)}
    return Bands(labels, {word: float(cut.enter) for word, cut in block.thresholds.items()})


def policy_of(content_hash: str | None) -> Policy | None:
    """The policy of a hash, by default the first active one; None where there is none."""
    policies = rooms().policies
    names = policies.active_names()
    if content_hash is None and not names:
        return None
    return policies.get(content_hash or names[0]).policy


def model_name(model_hash: str) -> str:
    """`model 2`, or the hash's first digits."""
    return _model_names(revision("models")).get(model_hash, short(model_hash))


@st.cache_data(max_entries=4, show_spinner=False)
def _model_names(revision: str) -> dict[str, str]:
    listed = rooms().models.list()
    return {row["model_hash"]: f"model {row['version']}" for row in listed.iter_rows(named=True)}


def labels(feature_set_hash: str) -> dict[str, str]:
    """The business name of each feature of a set; empty where the set is not registered."""
    return _labels(revision("features"), feature_set_hash)


@st.cache_data(max_entries=16, show_spinner=False)
def _labels(revision: str, feature_set_hash: str) -> dict[str, str]:
    try:
        found = rooms().features.get(feature_set_hash)
    except LeadbenchError:
        return {}
    return {feature.name: feature.label for feature in found.features}


def families(feature_set_hash: str) -> dict[str, Family]:
    """What each feature of a set is about; empty where the set is not registered."""
    return _families(revision("features"), feature_set_hash)


@st.cache_data(max_entries=16, show_spinner=False)
def _families(revision: str, feature_set_hash: str) -> dict[str, Family]:
    try:
        found = rooms().features.get(feature_set_hash)
    except LeadbenchError:
        return {}
    return {feature.name: family(feature) for feature in found.features}


def type_names() -> dict[str, str]:
    """The business names of event types and attributes, from the newest feature set that has any."""
    return _type_names(revision("features"))


def named(word: str) -> str:
    """The business name of an event type or value; a word that has none stays as it is."""
    return type_names().get(word, word)


@st.cache_data(max_entries=4, show_spinner=False)
def _type_names(revision: str) -> dict[str, str]:
    features = rooms().features
    sets = [features.get(set_hash) for set_hash in features.list()["set_hash"].to_list()]
    return dict(next((one.names for one in reversed(sets) if one.names), {}))


def output_name(name: str) -> str:
    """What a policy's output is called on screen, such as `agreed time, min` for sla_min."""
    return OUTPUTS.get(name, name.replace("_", " "))


def attribute_name(name: str) -> str:
    """The business name of an attribute, of an event's property or of a policy's input: an identifier as words."""
    return type_names().get(name) or humanised(name)


def feature_name(name: str) -> str:
    """The business name of a feature, from the newest set that has it."""
    return _feature_names(revision("features")).get(name, name)


@st.cache_data(max_entries=2, show_spinner=False)
def _feature_names(revision: str) -> dict[str, str]:
    features = rooms().features
    sets = [features.get(set_hash) for set_hash in features.list()["set_hash"].to_list()]
    return {one.name: one.label for found in sets for one in found.features}
