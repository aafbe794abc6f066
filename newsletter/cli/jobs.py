"""flask jobs: the clock, and each of its jobs by hand."""

from typing import cast

import click
from flask import Flask, current_app

from newsletter import clock, jobs
from newsletter.cli.house import HouseGroup, as_json_option, print_json
from newsletter.logs import writing

group = HouseGroup("jobs", help="What the clock does, all the time or once.")


@group.command("run")
def run() -> None:
    """Be the clock: send what is due until SIGTERM or Ctrl-C."""
    writing.configure(current_app.config["LOG_FORMAT"])
    jobs.run(cast(Flask, current_app._get_current_object()))  # type: ignore[attr-defined]  # a proxy


@group.command("once")
@click.argument("name")
def once(name: str) -> None:
    """Run one job now, in this process."""
    jobs.once(name, now=clock.now())
    click.echo(f"Job done: {name}")


@group.command("list")
@as_json_option
def list_jobs(as_json: bool) -> None:
    """Show every job, what it does and how often the clock runs it."""
    if as_json:
        print_json(
            [
                {
                    "name": job.name,
                    "what": job.what,
                    "every_seconds": job.every.total_seconds() if job.every else None,
                }
                for job in jobs.JOBS
            ]
        )
        return
    for job in jobs.JOBS:
        every = f"every {job.every.total_seconds():.0f} s" if job.every else "by hand"
        click.echo(f"{job.name:<18} {every:<14} {job.what}")
