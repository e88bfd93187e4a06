"""The command line: one function a command, grouped by what it works on."""

import json
import sys
import traceback

import click
import typer

from app.cli import audit, data, features, jobs, people, policy, serving
from app.cli.common import OUTPUT
from core.kernel.errors import LeadbenchError

REFUSED, USAGE, FAULT = 1, 2, 3

app = typer.Typer(
    name="leadbench",
    help="Autonomous, behavioural, governed lead scoring: from raw events to explained, routed, approved decisions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (jobs, data, features, policy, audit, people, serving):
    group.register(app)


def main() -> None:
    """Run a command; exit 0 done, 1 refused, 2 usage, 3 unexpected fault."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    OUTPUT.as_json = "--json" in arguments
    try:
        result = app(arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except click.exceptions.Abort:
        return REFUSED
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
