"""The scalar types of a policy document and the strict base of its blocks."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
DOTTED_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.\-]*$"
HASH_PATTERN = r"^sha256:[0-9a-f]{64}$"

Text = Annotated[StrictStr, Field(min_length=1, max_length=4000)]
Name = Annotated[StrictStr, Field(pattern=NAME_PATTERN, max_length=64)]
Dotted = Annotated[StrictStr, Field(pattern=DOTTED_PATTERN, max_length=64)]
Hash = Annotated[StrictStr, Field(pattern=HASH_PATTERN)]
Condition = Annotated[StrictStr, Field(min_length=1)]
Flag = StrictBool
Whole = StrictInt
Minutes = Annotated[StrictInt, Field(ge=0, le=5_256_000)]
Number = StrictInt | StrictFloat
Fraction = Annotated[StrictInt, Field(ge=0, le=1)] | Annotated[StrictFloat, Field(ge=0, le=1)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)] | Annotated[StrictFloat, Field(ge=0, le=100)]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Cell = Scalar | tuple[Scalar, ...] | None


class Block(BaseModel):
    """A block of a policy document: unknown keys are refused and values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, allow_inf_nan=False)
