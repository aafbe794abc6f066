"""The fault harness: real sending processes, a relay that misbehaves, and the books compared.

    sink.py         an SMTP server, a process of its own that shares no code with the product
    session.py      one connection of it, with speaking.py, its answers, and writing.py, their bytes
    plan.py         what it does wrong, to whom and when; from a seed
    witness.py      what it recorded
    books.py        the ledger, read by plain SQL
    installation.py readers and an issue that is due
    sender.py       the process that sends and sweeps, to be killed, stopped, starved
    nursery.py      where those processes come from
    weakness.py     what a mutation check takes out of that process
    driver.py       a run: the installation, the processes, the faults, the samples
    invariants.py   I1 to I7 of STANDARDS 5.3, held against the books and the witness

Every run takes its dice from FAULT_SEED and its own name. A failure shows the seed, the logs of all
processes and the folder with the bytes received; the same seed gives the same faults again:

    FAULT_SEED=123456 .venv/bin/python -m pytest tests/faults -k killed

When the processes were scheduled is not in the seed, so a failure that hangs on a moment may take
several runs. FAULT_KILLS sets how many kills there are.
"""
