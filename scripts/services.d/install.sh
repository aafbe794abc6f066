# What scripts/services needs from Debian, and where it is. Read by scripts/services.
# shellcheck shell=bash

# The last one that runs with Debian 12's node.
lighthouse_version=12.8.2
lighthouse=$root/build/lighthouse/node_modules/lighthouse

install_servers() {
    local missing=()
    [ -n "$(postgres_programs)" ] || missing+=(postgresql)
    [ -x "$broker_programs/rabbitmq-server" ] || missing+=(rabbitmq-server)
    [ -n "$(postfix_program smtp-sink)" ] || missing+=(postfix)
    install_packages "${missing[@]}"
}

install_browser() {
    local missing=()
    # Without fonts every letter in a picture of a page is an empty box. The last two stand for those
    # of readers' machines (tests/browser/fonts.conf).
    [ -n "$(chromium_path)" ] || missing+=(chromium fonts-liberation fonts-sil-charis fonts-inter)
    # The program that Playwright drives the browser with needs it, and its wheel does not bring it.
    compgen -G "/usr/lib/*/libatomic.so.1" >/dev/null || missing+=(libatomic1)
    install_packages "${missing[@]}"
}

install_spam_filter() {
    local missing=()
    # Its rules come with it; nothing is asked of the network.
    [ -x /usr/bin/spamassassin ] || missing+=(spamassassin)
    install_packages "${missing[@]}"
}

install_lighthouse() {
    local missing=()
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    install_packages "${missing[@]}"
    if ! grep -qs "\"version\": \"$lighthouse_version\"" "$lighthouse/package.json"; then
        echo "Installing lighthouse $lighthouse_version"
        # No package runs a program of its own while it is installed.
        quietly npm install --prefix "$root/build/lighthouse" --ignore-scripts --no-package-lock \
            --no-audit --no-fund "lighthouse@$lighthouse_version"
    fi
}

install_packages() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "More programs are needed. On Debian, as root: apt-get install $*"
    fi
    echo "Installing $*"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get update
    # Only Postfix's two programs are wanted, no mail server that somebody must configure.
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
    start_nothing quietly apt-get install --yes --no-install-recommends "$@"
}

start_nothing() {
    # Run a command during which no package starts its service on its usual port.
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap "rm -f '$policy'" EXIT
    "$@"
    rm -f "$policy"
    trap - EXIT
}

chromium_path() {
    command -v chromium || command -v chromium-browser || true
}

postfix_program() {
    # Debian keeps it where only root looks.
    PATH="$PATH:/usr/sbin" command -v "$1" || true
}
