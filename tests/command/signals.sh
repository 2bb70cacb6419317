# SPDX-License-Identifier: LGPL-2.1-only
# What else might end or stop a command in the middle of its plan: other signals than
# SIGTERM, and messages that nobody takes.
. "$srcdir/tests/command/faults.sh"

attempt() { xl -v snapshot-create --domain-config web.cfg --external -n s1 web; }
new_web() {
    new_host
    define_domain web qcow2 raw
}
# it_is_done: as after a command that nothing has disturbed.
it_is_done() {
    absent "$snapshots/.journal" && xl snapshot-verify "$(cfg s1)" &&
        frozen xvda.qcow2 && frozen xvdb.raw
}

# raised NUMBER: in the middle of the plan.
raised() {
    new_web
    remember
    fault 6 "raise-$1" attempt
    same $code 1 && grep "interrupted by a signal" "$hidden/said" &&
        absent "$snapshots/.journal" && unchanged
}
for signal in 1:HUP 2:INT 3:QUIT 10:USR1 12:USR2 14:ALRM 15:TERM 24:XCPU 26:VTALRM 27:PROF; do
    ok "SIG${signal#*:}: undone" raised "${signal%:*}"
done
outlived() {
    new_web
    fault 6 "raise-$1" attempt
    it_is_done
}
for signal in 13:PIPE 25:XFSZ; do
    ok "SIG${signal#*:} does not end it" outlived "${signal%:*}"
done

# --- limits of who has called it --------------------------------------------

# limited HOW: a revert, with a limit like ulimit's.
limited() {
    new_host
    define_domain web qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s1 web
    guest_writes qcow2 xvda.qcow2 later
    xl create web.cfg
    (eval "ulimit -S $1" && says "is back at" xl snapshot-revert web "$(cfg s1)") &&
        guest_sees qcow2 xvda.qcow2 "web xvda"
}
for limit in "-f 1" "-f 500" "-n 16" "-v 20000" "-d 1000"; do
    case $sanitizer$limit in ?*-[vd]*) continue ;; esac     # of ASan's own memory
    ok "ulimit $limit does not end it" limited "$limit"
done

# --- messages that nobody takes --------------------------------------------

# wait_until COMMAND...: for ten seconds at most.
wait_until() {
    for _ in $(seq 1000); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.01
    done
    return 1
}
reader_has_gone() {
    new_web
    attempt 2>&1 | :
    it_is_done
}
ok "a reader that has gone does not end it" reader_has_gone
nobody_reads() {
    new_web
    mkfifo "$hidden/pipe"
    exec 3<>"$hidden/pipe"
    head -c 65536 /dev/zero >&3
    attempt 2>&3 >/dev/null &
    wait_until it_is_done && kill -0 $! || return 1
    head -c 65536 <&3 >/dev/null
    wait $! || return 1
    timeout 1 cat <&3 >"$hidden/said"
    exec 3<&-
    grep "name it $snapshots/web/s1/snapshot.cfg: done, " "$hidden/said"
}
ok "nor does one that does not read hold it up" nobody_reads
finished
