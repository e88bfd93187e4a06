"""Verify a leadbench evidence export: needs only Python 3.9 or newer, nothing else.

    python verify.py [FOLDER]

Checks, without leadbench: the hash chain over every ledger entry in ledger.jsonl; that every decision in
decisions.jsonl has the hash it carries; and that the hashes of each batch give the Merkle root (RFC 6962) which the
ledger holds for it. Prints one line a finding and ends with exit code 1 where anything does not hold.

Hashes are SHA-256 over canonical JSON (RFC 8785): the chain over [seq, stream, kind, at, actor, body, prev], a
decision over its record without stage_us, trace_id and hash. A leaf is the ASCII text of a record's hash. Of a record
whose time was over only the hash is there, and the ledger entry `retired_seq` by which it went: the certificate there
states the count of all that went by it and the root over `ENTRY LEAF_NO HASH` of each, in order.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
GENESIS = "sha256:" + "0" * 64
OUTSIDE_HASH = ("stage_us", "trace_id", "hash")


def canonical(value: Any) -> str:
    """The value as canonical JSON text (RFC 8785)."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16be"))
    return "{" + ",".join(quoted(key) + ":" + canonical(value[key]) for key in keys) + "}"


def quoted(text: str) -> str:
    """A JSON string: only quotes, backslashes and control characters are escaped."""
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """A float as ECMAScript writes it."""
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa[:-2] if mantissa.endswith(".0") else mantissa
    power, sign = int(exponent), "-" if mantissa.startswith("-") else ""
    whole, _, rest = mantissa.lstrip("-").partition(".")
    if -7 < power < 0:
        return sign + "0." + "0" * (-power - 1) + whole + rest
    if 0 < power < 21:
        return sign + (whole + rest).ljust(power + 1, "0")
    return f"{mantissa}e{power:+d}" if power > 0 else f"{mantissa}e{power}"


def digest(text: str) -> str:
    """`sha256:<hex>` of a text."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def merkle_root(leaves: list[bytes]) -> str:
    """The RFC 6962 root over the leaves' bytes."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return "sha256:" + hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) - len(level) % 2 :]
    return "sha256:" + level[0].hex()


def rows(path: Path) -> Iterator[Row]:
    """The JSON objects of a file of lines."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def chain_faults(entries: list[Row]) -> Iterator[str]:
    """Whatever is missing, unlinked or altered in the ledger."""
    prev = GENESIS
    for place, entry in enumerate(entries, start=1):
        if entry["seq"] != place:
            yield f"ledger: entry {place} is missing; entry {entry['seq']} stands in its place"
            return
        if entry["prev"] != prev:
            yield f"ledger: entry {place} does not link to the one before"
        hashed = [entry[name] for name in ("seq", "stream", "kind", "at", "actor", "body", "prev")]
        if digest(canonical(hashed)) != entry["hash"]:
            yield f"ledger: entry {place} does not match its hash"
        prev = entry["hash"]


def decision_faults(entries: list[Row], decisions: Iterator[Row], batches: dict[int, list]) -> Iterator[str]:
    """Whatever is altered, missing or added among the decisions; `batches` collects (leaf number, hash) by entry."""
    gone: dict[Any, list] = {}
    for row in decisions:
        record = row["record"]
        if record is None:
            gone.setdefault(row.get("retired_seq"), []).append((row["entry_seq"], row["leaf_no"], row["hash"]))
            batches.setdefault(row["entry_seq"], []).append((row["leaf_no"], row["hash"]))
            continue
        content = {name: value for name, value in record.items() if name not in OUTSIDE_HASH}
        if digest(canonical(content)) != record["hash"]:
            yield f"decision {record['decision_id']} does not match its hash"
        batches.setdefault(row["entry_seq"], []).append((row["leaf_no"], record["hash"]))
    recorded = {entry["seq"]: json.loads(entry["body"]) for entry in entries if entry["kind"] == "decisions.recorded"}
    for seq in sorted(set(batches) | set(recorded)):
        hashes = [text for _, text in sorted(batches.get(seq, []))]
        told = recorded.get(seq, {}).get("merkle_root")
        if merkle_root([text.encode("ascii") for text in hashes]) != told:
            yield f"batch of entry {seq}: its decisions do not give the root that the ledger holds"
    yield from retirement_faults(entries, gone)


def retirement_faults(entries: list[Row], gone: dict[Any, list]) -> Iterator[str]:
    """Whatever is without its record and not covered by a certificate; `gone` has (entry, leaf number, hash)."""
    retired = {entry["seq"]: json.loads(entry["body"]) for entry in entries if entry["kind"] == "decisions.retired"}
    for seq, leaves in gone.items():
        root = merkle_root([f"{entry} {leaf} {text}".encode("ascii") for entry, leaf, text in sorted(leaves)])
        told = retired.get(seq, {}).get("certificate", {}).get("leaves")
        if told != {"count": len(leaves), "root": root}:
            yield f"{len(leaves)} decisions without a record are not those of a certificate (entry {seq})"


def main(folder: Path) -> int:
    """Verify the export in the folder; the exit code."""
    entries, batches = list(rows(folder / "ledger.jsonl")), {}
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    faults = list(chain_faults(entries))
    faults += decision_faults(entries, rows(folder / "decisions.jsonl"), batches)
    if told["head"] != (entries[-1]["hash"] if entries else GENESIS):
        faults.append("manifest: the ledger does not end where the manifest says")
    for fault in faults:
        sys.stdout.write(fault + "\n")
    count = sum(len(leaves) for leaves in batches.values())
    verdict = "BROKEN" if faults else "OK"
    sys.stdout.write(f"{verdict}: {len(entries)} entries, {count} decisions, head {told['head']}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
