"""Sources on the command line: a contract is learned and confirmed, a bad batch waits, and is let in after the fix."""

import json

import pytest

from tests.app.cli_calls import call, done, refused

HEAD = "event_id,lead_id,type,occurred_at,source,plan\n"


def events(path, first, plan):
    lines = [f"e{n},l{n % 9},page_viewed,2026-01-02T10:00:00,web,{plan}" for n in range(first, first + 60)]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def at(tmp_path):
    at = ("--store", str(tmp_path / "store"))
    done("import", "import", "events", events(tmp_path / "a.csv", 0, "pro"), *at, user="ana")
    return at


def check_export(at, out, batch_id):
    """The list for who may export, the records themselves for who may reveal, which the ledger keeps."""
    export = ("quarantine", "export", str(out), *at)
    assert done("quarantine_export", *export, user="ana") == {"path": str(out), "rows": 60, "raw": False}
    assert "raw" not in json.loads(out.read_text().splitlines()[0])
    assert refused(*export, "--raw", user="ana")["code"] == "forbidden"
    assert refused(*export, "--batch", "b999", user="ana")["code"] == "unknown_quarantine"
    done("users_step", "users", "add", "pia", "--role", "privacy", *at, user="root")
    assert done("quarantine_export", *export, "--raw", "--batch", batch_id, user="pia")["rows"] == 60
    first = json.loads(json.loads(out.read_text().splitlines()[0])["raw"])["canonical"]
    assert (first["type"], first["source"]) == ("page_viewed", "web")


def test_a_bad_batch_waits_until_the_contract_is_changed(at, tmp_path):
    assert done("sources_contract", "sources", "contract", "web", *at)["state"] == "learned"
    assert refused("sources", "confirm", "web", *at, user="rita")["code"] == "forbidden"
    done("sources_contract", "sources", "confirm", "web", *at, user="ana")
    bad = done("import", "import", "events", events(tmp_path / "b.csv", 100, ""), *at, user="ana")
    assert bad["reasons"] == {"gate_failed": 60}
    assert done("sources_list", "sources", "list", *at)["sources"][0]["breaker"] == "open"
    check_export(at, tmp_path / "held.jsonl", bad["batch_id"])
    (tmp_path / "wide.yaml").write_text("missing: {plan: 1.0}\nmost_per_day: 1000\n")
    done("sources_contract", "sources", "confirm", "web", "--file", str(tmp_path / "wide.yaml"), *at, user="ana")
    done("sources_close", "sources", "close", "web", "--reason", "plan is optional", *at, user="ana")
    again = done("quarantine_redrive", "quarantine", "redrive", bad["batch_id"], *at, user="ana")
    assert (again["accepted"], again["quarantined"]) == (60, 0)
    assert "closed" in call("sources", "list", *at).stdout


def test_what_is_wrong_is_refused(at, tmp_path):
    (tmp_path / "wrong.yaml").write_text("most_late: 7\n")
    wrong = ("sources", "confirm", "web", "--file", str(tmp_path / "wrong.yaml"), *at)
    assert refused(*wrong, user="ana")["code"] == "invalid_contract"
    assert refused("sources", "contract", "fax", *at)["code"] == "unknown_source"
    assert refused("sources", "close", "web", "--reason", "x", *at, user="ana")["code"] == "breaker_closed"
    assert done("sources_late", "sources", "late", *at)["count"] == 0
