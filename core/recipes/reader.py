"""Reading a recipe: strict YAML, known keys only, errors located in the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from core.kernel.errors import LeadbenchError, Where, did_you_mean
from core.kernel.strict_yaml import Positions, load, read_text
from core.recipes.document import Recipe


class RecipeMissing(LeadbenchError):
    """No recipe at the path."""

    code = "file_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no recipe at `{path}`.", value=path, remedy="Check the path; it is relative to where you are."
        )


class RecipeInvalid(LeadbenchError):
    """A recipe that says something that cannot be."""

    code = "invalid_recipe"


@dataclass(frozen=True)
class RecipeFile:
    """A recipe with the folder that its paths start from."""

    recipe: Recipe
    folder: Path


def read_recipe(path: Path) -> RecipeFile:
    """The recipe at `path`; raises RecipeMissing, RecipeInvalid, or what the YAML loader refuses."""
    if not path.is_file():
        raise RecipeMissing(path)
    return RecipeFile(parse_recipe(read_text(path), str(path)), path.resolve().parent)


def parse_recipe(text: str, file: str) -> Recipe:
    """The recipe in a text; raises RecipeInvalid with the place, the value and the remedy."""
    document, positions = load(text, file=file)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise _refusal(error, positions, file) from error


def _refusal(error: ValidationError, positions: Positions, file: str) -> RecipeInvalid:
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    path = tuple(part for part in first["loc"] if not _is_union_tag(part))
    where = _where(path, positions, file)
    name = ".".join(str(part) for part in path) or "the recipe"
    if first["type"] == "extra_forbidden":
        return _unknown_key(path, where)
    if first["type"] == "missing":
        return RecipeInvalid(f"The recipe lacks `{name}`.", value=name, remedy=f"Add `{name}`.", where=where)
    reason = first["msg"].removeprefix("Value error, ")
    return RecipeInvalid(
        f"`{name}` is wrong in this recipe: {reason}.",
        value=first["input"],
        remedy="Correct the value; `leadbench run --help` shows an example.",
        where=where,
    )


def _unknown_key(path: tuple[Any, ...], where: Where) -> RecipeInvalid:
    key, known = str(path[-1]), _known_keys(path[:-1])
    remedy = did_you_mean(key, known, f"Known here: {', '.join(known)}.")
    return RecipeInvalid(f"The recipe has an unknown key `{key}`.", value=key, remedy=remedy, where=where)


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Recipe
    for part in path:
        if isinstance(part, str):
            model = _part_model(model, part)
    return [field.alias or name for name, field in model.model_fields.items()]


def _part_model(model: type[BaseModel], key: str) -> type[BaseModel]:
    schema = model.model_fields[key].annotation
    for candidate in _classes(schema):
        return candidate
    return model


def _classes(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in getattr(annotation, "__args__", ()) for found in _classes(inner)]


def _is_union_tag(part: object) -> bool:
    return isinstance(part, str) and (part[:1].isupper() or "[" in part)


def _where(path: tuple[Any, ...], positions: Positions, file: str) -> Where:
    for length in range(len(path), -1, -1):
        if found := positions.get(path[:length]):
            return Where(file, *found)
    return Where(file)
