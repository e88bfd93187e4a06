"""Writes a feature set as the YAML text that an analyst would write."""

import json
import re

from core.features.document import FeatureSet

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+[smhdw]")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def write(feature_set: FeatureSet) -> str:
    """The YAML text of a feature set; reading it back gives an equal set."""
    content = feature_set.content()
    names = content.get("names", {})
    lines = [f"{key}: {_scalar(content[key])}" for key in ("schema", "name", "description") if key in content]
    if isinstance(names, dict) and names:
        lines += ["names:", *(f"  {_scalar(key)}: {_scalar(word)}" for key, word in names.items())]
    lines += ["features:", *(f"  - {{{_inline(feature.content())}}}" for feature in feature_set.features)]
    return "\n".join(lines) + "\n"


def _inline(body: dict[str, object]) -> str:
    return ", ".join(f"{key}: {_scalar(value)}" for key, value in body.items())


def _scalar(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
