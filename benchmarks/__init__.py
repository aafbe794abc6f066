"""What the README claims about speed, measured: `make bench`.

    __main__.py     the whole measurement: groups of rows, one table
    rows.py         the rows: who is compared with whom, and what must be reached
    racing.py       several contenders by turns, medians of their rates
    running.py      one issue through our engine, watched from outside
    visitors.py     readers who sign up and leave, at gunicorn; one_insert.py is what it serves
    contenders.py   smtp-source, smtplib, Flask-Mail
    profiling.py    where one run of our engine spends its time
    stock.py        installations with so many readers, made once and copied for every run
    processes.py    the processes of a measurement: started, asked, ended
    ports.py        ports that are held for the servers among them
    table.py        rows as text
    machine.py      the facts of this machine that the numbers depend on

and, as processes of their own:

    stocking.py     fills an installation: readers.py are its readers, issue.py and texts.py what
                    they get
    past.py         years of work: issues that were sent and who got what; shelves.py is the
                    library, copying.py makes the many rows
    sender.py       plans the issue and runs the engine, as the clock does
    rivals.py       smtplib on threads, Flask-Mail's bulk loop
    slow_line.py    a line to a relay that is far away
    one_click.py    somebody who unsubscribes while an issue is being sent
    one_editor.py   somebody who opens pages of the desk meanwhile

All is compared with what else ran in the same minutes on the same machine. Absolute numbers say
little: they are there to be compared with the ones beside them.
"""
