# RabbitMQ in a folder of its own, on a loopback port. Read by scripts/services.
# shellcheck shell=bash

# Debian's command in PATH would write to the folders of the machine's own broker.
broker_programs=/usr/lib/rabbitmq/bin
broker_seconds=40

broker_start() {
    local home settings
    [ -x "$broker_programs/rabbitmq-server" ] || fail "RabbitMQ is missing: run scripts/services install."
    own_folder broker rabbitmq
    home=$(folder)/broker
    # Whoever was connected finds it at the same place after a restart.
    [ -f "$home/port" ] || free_port >"$home/port"
    [ -f "$home/names-port" ] || free_port >"$home/names-port"
    echo '[].' >"$home/plugins"
    echo "listeners.tcp.local = 127.0.0.1:$(cat "$home/port")" >"$home/settings.conf"
    settings=(
        HOME="$home" RABBITMQ_NODENAME=services@localhost RABBITMQ_CONF_ENV_FILE="$home/none"
        RABBITMQ_CONFIG_FILE="$home/settings" RABBITMQ_ADVANCED_CONFIG_FILE="$home/none.config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$home/plugins" RABBITMQ_PID_FILE="$home/pid"
        RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log"
        ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(cat "$home/names-port")"
        RABBITMQ_DIST_PORT="$(free_port)"
        # The last two words do nothing but name the folder in the list of processes.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -of $home"
    )
    quietly as_user rabbitmq env "${settings[@]}" "$broker_programs/rabbitmq-server" -detached || return 1
    broker_await || { cat "$home"/log/*.log | tail -n "$log_lines" >&2; return 1; }
}

broker_await() {
    local end=$((SECONDS + broker_seconds))
    until broker_runs && answers "$(cat "$(folder)/broker/port")"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

broker_stop() {
    # It removes its pid file long before it ends.
    local pid end=$((SECONDS + broker_seconds))
    pid=$(cat "$(folder)/broker/pid")
    kill -TERM "$pid"
    while is_broker "$pid"; do
        [ "$SECONDS" -lt "$end" ] || kill -KILL "$pid" 2>/dev/null || true
        sleep 0.1
    done
}

broker_kill() {
    local names_port
    ! broker_runs || kill -KILL "$(cat "$(folder)/broker/pid")" || true
    # Erlang's directory of nodes came by itself, would stay for ever, and ends only when it is empty.
    names_port=$(cat "$(folder)/broker/names-port" 2>/dev/null) || return 0
    for _ in {1..50}; do
        answers "$names_port" || return 0
        epmd -port "$names_port" -kill >/dev/null 2>&1 || sleep 0.1
    done
}

broker_runs() {
    is_broker "$(cat "$(folder)/broker/pid" 2>/dev/null || true)"
}

is_broker() {
    # A pid may come again, but not with our folder among its arguments.
    [ -n "$1" ] && { tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "-of $(folder)/broker"; } 2>/dev/null
}

free_port() {
    # Below what the system hands out by itself.
    local port
    until port=$((20000 + RANDOM % 12000)) && ! answers "$port"; do :; done
    echo "$port"
}

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
