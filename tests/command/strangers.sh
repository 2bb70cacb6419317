# SPDX-License-Identifier: LGPL-2.1-only
# Processes of other users, which may call themselves what they like: none is believed to
# be xl, or to save a domain.
. "$srcdir/tests/command/faults.sh"

as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
as_user true 2>/dev/null || { echo "1..0 # SKIP no root: nobody can be another user"; exit 0; }

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
mkdir "$hidden/theirs"
cp -L /bin/sh "$hidden/theirs/xl"
echo 'while :; do sleep 1000 & wait $!; done' >"$hidden/theirs/create"
chmod 711 "$hidden"
# user_runs PROGRAM ARGUMENT...: a process of the user's, $!, in his folder.
user_runs() {
    (cd "$hidden/theirs" && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@") &
    until grep -qs '^Uid:.65534' "/proc/$!/status" &&
        tr '\0' ' ' <"/proc/$!/cmdline" | grep -qv setpriv; do :; done
}

define_domain web qcow2
ok "a snapshot" create --disk-only -n s0

# --- as if xl watched over the domain ----------------------------------------

user_runs ./xl create name=web
fake=$!
ok "who calls himself xl does not forbid one" says "Snapshot s1" create --disk-only -n s1
ok "nor a revert" says "is back at" xl snapshot-revert web "$(cfg s0)"
monitor=$(sed -n "s,^xen/.*/monitor ,,p" "$STAND_IN_XEN")
at_work 5 xl snapshot-revert web "$(cfg s0)"
ok "the true one is held" grep -q '^State:.T' "/proc/$monitor/status"
ok "his is not" grep -q '^State:.S' "/proc/$fake/status"
ok "so he cannot withstand it" says "is back at" let_go
ends $fake

# 4 n^2 bytes were kept of n arguments
# shellcheck disable=SC2046
user_runs ./xl create $(yes x | head -n 20000)
few_bytes() (keep_limits && ulimit -d 1000000 && xl snapshot-revert -N web "$(cfg s0)")
[ -n "$sanitizer" ] || ok "his arguments take no memory" says "Nothing was changed" few_bytes
ends $!

# --- as if he saved it -------------------------------------------------------

# shellcheck disable=SC2016
user_saves() { user_runs sh -c 'sleep 1000 & wait $!' sh --save-domain 5 6 "$(domid_of web)" 0; }
user_saves
ok "nor by words of libxl's helper" says "is back at" xl snapshot-revert web "$(cfg s0)"
ends $!
at_work 2 xl snapshot-revert web "$(cfg s0)"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
user_saves
ok "nor a recovery" says "" xl snapshot-recover web
ok "which has ended" same "$(journal)" ""
ends $!

# --- who reads an image ------------------------------------------------------

exec 4<"$PWD/xvda.qcow2"
user_runs sleep 1000
exec 4<&-
ok "a reader is told by his uid" refuses "is in use by sleep (pid $!, uid 65534); end that" \
    xl snapshot-revert web "$(cfg s0)"
ends $!
exec 4<"$PWD/xvda.qcow2"
for i in $(seq 20); do user_runs sleep 1000; done
exec 4<&-
ok "of many, some" refuses "and 12 more; end" xl snapshot-revert web "$(cfg s0)"
finished
