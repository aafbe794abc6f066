# PostgreSQL in a folder of its own, on a unix socket. Read by scripts/services.
# shellcheck shell=bash

postgres_start() {
    local programs home
    programs=$(postgres_programs)
    [ -n "$programs" ] || fail "PostgreSQL is missing: run scripts/services install."
    home=$(folder)/postgres
    own_folder postgres postgres
    if ! [ -d "$home/data" ]; then
        quietly as_user postgres "$programs/initdb" --pgdata="$home/data" --username=postgres \
            --auth=trust --encoding=UTF8 --locale=C.UTF-8 || return 1
    fi
    quietly as_user postgres "$programs/pg_ctl" start --wait --pgdata="$home/data" --log="$home/log" \
        --options="-c listen_addresses='' -c unix_socket_directories='$home' -c max_connections=200" ||
        { tail -n "$log_lines" "$home/log" >&2 2>/dev/null; return 1; }
}

postgres_stop() {
    quietly as_user postgres "$(postgres_programs)/pg_ctl" stop --mode=immediate \
        --pgdata="$(folder)/postgres/data"
}

postgres_runs() {
    as_user postgres "$(postgres_programs)/pg_ctl" status \
        --pgdata="$(folder)/postgres/data" >/dev/null 2>&1
}

postgres_programs() {
    # Debian keeps the server's programs out of PATH, a folder for each version; the newest is taken.
    local found
    found=$(compgen -G "/usr/lib/postgresql/*/bin/initdb" | sort -V | tail -n 1 || true)
    [ -n "$found" ] || found=$(command -v initdb || true)
    [ -z "$found" ] || dirname "$found"
}
