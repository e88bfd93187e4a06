"""The command line: one function a command, grouped by what it works on."""

import json
import sys
import traceback

import typer

from app.cli import audit, data, features, identity, jobs, keys, models, people, policy, serving
from app.cli.common import OUTPUT
from core.kernel.errors import LeadbenchError

REFUSED, FAULT = 1, 3

app = typer.Typer(
    name="leadbench",
    help="Autonomous, behavioural, governed lead scoring: from raw events to explained, routed, approved decisions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (jobs, data, features, identity, models, policy, audit, people, keys, serving):
    group.register(app)


def main() -> None:
    """Run a command; exit 0 done, 1 refused, 2 usage, 3 unexpected fault."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    OUTPUT.as_json = "--json" in arguments
    try:
        app(arguments)
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; nothing was half-written.\n")
        return REFUSED
    except LeadbenchError as error:
        _refuse(error)
        return REFUSED
    except Exception:
        traceback.print_exc()
        return FAULT


def _refuse(error: LeadbenchError) -> None:
    if OUTPUT.as_json:
        sys.stdout.write(json.dumps({"error": error.to_json()}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"{error}\n")
