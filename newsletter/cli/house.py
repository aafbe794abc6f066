"""How every command of ours behaves: one sentence and exit code 2 when it cannot be done."""

import json
from typing import Any, NoReturn

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from newsletter import addresses
from newsletter.addresses import Address
from newsletter.errors import InvalidInput, NewsletterError


class OneLine(click.ClickException):
    """A sentence on standard error and exit code 2; no usage text, no traceback."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Write the sentence."""
        click.echo(" ".join(self.message.split()), file=file, err=file is None)


class HouseCommand(click.Command):
    """A command whose wrong arguments and refusals are one line each."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as exc:
            _refuse(exc)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except NewsletterError as exc:
            raise OneLine(str(exc)) from exc
        except (sa.exc.OperationalError, sa.exc.ProgrammingError) as exc:
            raise OneLine(
                "The database does not answer, or its tables are not up to date "
                f"(flask db upgrade makes them): {exc.orig}"
            ) from exc
        except click.UsageError as exc:
            _refuse(exc)


class HouseGroup(AppGroup):
    """A group of such commands."""

    command_class = HouseCommand

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments up to the command's name."""
        try:
            return super().make_context(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as exc:
            _refuse(exc)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            _refuse(exc)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


def print_json(data: Any) -> None:
    """Print `data` as one JSON document."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def parse_address(text: str) -> Address:
    """Return a checked address; the refusal is worded for a command, not for a form."""
    try:
        return addresses.parse(text)
    except InvalidInput as exc:
        raise OneLine(f"“{text}” is not a mail address: {exc}") from exc


def _refuse(exc: click.UsageError) -> NoReturn:
    where = f" See “{exc.ctx.command_path} --help”." if exc.ctx else ""
    raise OneLine(exc.format_message() + where) from exc
