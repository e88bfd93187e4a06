"""The command line: one function a command, grouped by what it works on."""

import json
import sys
import traceback
from pathlib import Path

import typer
from typer.exceptions import TyperException

from app.cli import (
    audit,
    contests,
    data,
    erasing,
    explaining,
    features,
    identity,
    jobs,
    keys,
    models,
    monitoring,
    outbox,
    overrides,
    people,
    policy,
    report,
    schemas,
    serving,
    sources,
    store,
    store_option,
    traffic,
)
from app.cli.call import Call, running
from app.cli.common import settings
from app.cli.handover import hand_over
from app.cli.outputs import refusal_of
from core.kernel.errors import LeadbenchError, StoreInUse
from core.kernel.workers import Cancelled

REFUSED, FAULT = 1, 3

app = typer.Typer(
    name="leadbench",
    help="Autonomous, behavioural, governed lead scoring: from raw events to explained, routed, approved decisions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GROUPS = (
    jobs,
    explaining,
    data,
    features,
    identity,
    sources,
    schemas,
    models,
    monitoring,
    policy,
    audit,
    contests,
    overrides,
    outbox,
    erasing,
    report,
    people,
    keys,
    store,
    serving,
    traffic,
)
for group in GROUPS:
    group.register(app)
store_option.complete(app)


def main() -> None:
    """Run a command; exit 0 done, 1 refused, 2 usage, 3 unexpected fault."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str], call: Call | None = None) -> int:
    """The exit code of a command line, typed here or handed over with its own streams."""
    with running(call or Call()) as call:
        call.as_json = "--json" in arguments
        try:
            return _carry_out(arguments, call)
        except (KeyboardInterrupt, Cancelled):
            call.err.write("Stopped; nothing was half-written.\n")
            return REFUSED
        except LeadbenchError as error:
            _refuse(error, call)
            return REFUSED
        except OSError as error:
            return _of_the_system(error, arguments, call)
        except Exception:
            traceback.print_exc(file=call.err)
            return FAULT


def _of_the_system(error: OSError, arguments: list[str], call: Call) -> int:
    """A path that was typed and cannot be used is refused; anything else is a fault."""
    refusal = refusal_of(error, arguments, call.caller.folder if call.caller else Path.cwd())
    if refusal is None:
        traceback.print_exc(file=call.err)
        return FAULT
    _refuse(refusal, call)
    return REFUSED


def _carry_out(arguments: list[str], call: Call) -> int:
    """Run the command; where a server holds its store, let the server do it. Raises what the command raises."""
    try:
        return app(arguments, standalone_mode=call.caller is None) or 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except TyperException as usage:
        call.err.write(f"Error: {usage}\n")
        return usage.exit_code
    except StoreInUse as held:
        alone = call.offline or not held.url
        code = None if alone else hand_over(held.directory, arguments, call, settings())
        if code is None:
            raise
        return code


def _refuse(error: LeadbenchError, call: Call) -> None:
    if call.as_json:
        call.out.write(json.dumps({"error": error.to_json()}, ensure_ascii=False) + "\n")
    else:
        call.err.write(f"{error}\n")
