# SPDX-License-Identifier: LGPL-2.1-only
# tap.sh: TAP for tests in shell.
# shellcheck shell=sh
tests=0
failed=0

# ok SENTENCE COMMAND...: one test; what it says is shown if it fails, and
# what the file $note has in it, if that is set.
ok() {
    sentence=$1
    shift
    tests=$((tests + 1))
    if said=$("$@" 2>&1); then
        echo "ok $tests - $sentence"
    else
        echo "not ok $tests - $sentence"
        echo "# $*"
        printf '%s\n' "$said" | sed 's/^/# /'
        [ ! -s "${note:-/dev/null}" ] || sed 's/^/# /' "$note"
        failed=1
    fi
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

finished() {
    echo "1..$tests"
    exit $failed
}

same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; false; }; }
not() { ! "$@"; }

# Succeeds if the command prints nothing: "nothing grep -n bad *.c".
nothing() {
    found=$("$@")
    [ -z "$found" ] || { printf '%s\n' "$found"; false; }
}
