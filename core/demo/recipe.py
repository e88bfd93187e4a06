"""The recipe that comes with the stream."""

import json

from core.demo import world


def text(files: dict[str, str]) -> str:
    """The recipe document for the files of each source, as YAML text."""
    events = "\n".join(event_source(source, path) for source, path in files.items())
    names = (
        {deed.type: deed.name for deed in world.DEEDS}
        | {world.ONBOARDING[1]: world.ONBOARDING[2]}
        | world.ATTRIBUTE_NAMES
    )
    return f"schema: leadbench/recipe/v1\nname: demo\nsources:\n  events:\n{events}\n{PEOPLE}{JOB}names:\n" + "".join(
        f"  {key}: {json.dumps(name)}\n" for key, name in names.items()
    )


def event_source(source: str, path: str) -> str:
    """One file of events in the recipe's `sources`."""
    return f"    - path: {path}\n      map: {{source: {{literal: {source}}}}}"


PEOPLE = """\
  leads:
    - path: leads.csv
      personal: [contact_name, email]
  outcomes:
    - path: outcomes.csv
      map: {lead_id: lead_id, at: closed_at, amount: amount_eur}
      won: "outcome = 'won'"
      lost: "outcome = 'lost'"
    - path: work.csv
      map: {lead_id: lead_id, worked: worked, worked_at: worked_at}
"""
JOB = """\
label:
  positive: won
  horizon: 30d
landmarks:
  after_created: [1d, 3d, 7d, 14d]
features: auto
split: {by: time, test_fraction: 0.25}
train: {trees: 200, learning_rate: 0.04, seed: 7}
policy: default
decide: {as_of: latest, leads: open, every: 1d, last: 7d}
drift: {reference: train, current: test}
"""
