"""Which leads stand for one identity, as known at each row's time; a store without merges needs none of it."""

SUBJECTS_NAME = "subjects"


def held(merge: str, known: str) -> str:
    """The SQL that says whether a merge holds at a moment of knowledge."""
    return (
        f"epoch_us({merge}.known_from) <= {known}"
        f" AND ({merge}.known_until IS NULL OR {known} < epoch_us({merge}.known_until))"
    )


def subjects(name: str, rows: str) -> str:
    """The relation (row_no, root_no, lead_no, a, known) of every lead merged into each row's lead, itself included."""
    return f"""{name} AS MATERIALIZED (SELECT row_no, lead_no AS root_no, lead_no, a, known FROM {rows}
  UNION ALL SELECT s.row_no, s.lead_no, i.from_no, s.a, s.known
  FROM {rows} s JOIN lead_merges i ON i.into_no = s.lead_no AND {held("i", "s.known")})"""
