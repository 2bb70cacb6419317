# SPDX-License-Identifier: LGPL-2.1-only
# A domain that reboots: for two seconds there is none, but xl's monitor, which starts
# it again.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
# between: the domain has ended, and its monitor has not started it again.
between() {
    cp "$STAND_IN_XEN" "$hidden/runs"
    sed -i "/^xen.$(domid_of web)[/ ]/d; /^.local.domain.$(domid_of web)[/ ]/d" \
        "$STAND_IN_XEN"
}
# again: it is started. A command reads the table meanwhile, which must never be empty.
again() { cp "$hidden/runs" "$hidden/new" && mv "$hidden/new" "$STAND_IN_XEN"; }
# later COMMAND...: in a while, in the background.
later() { (sleep 1; exec 3>&-; "$@") & }
monitor_leaves() { kill "$(sed -n 's,^xen/1/monitor ,,p' "$hidden/runs")"; }

define_domain web qcow2 raw
ok "a snapshot of a domain that does not run" create --external \
    --update-config=web.cfg -n s1
xl create web.cfg
between
remember
ok "none is taken between its end and its start" refuses \
    "xl's monitor of it, pid" create -n s2
ok "which changes nothing" unchanged
later again
ok "one that is started meanwhile is seen" refuses "it runs, as domain 1" create -n s2
between
later monitor_leaves
ok "when the monitor has left, it does not run" says "is back at snapshot s1" \
    xl snapshot-revert web "$(cfg s1)"

# --- while it is reverted --------------------------------------------------

monitor_of_web() { sed -n "s,^xen.$(domid_of web).monitor ,,p" "$STAND_IN_XEN"; }
monitor_is() { grep -q "^State:.$1" "/proc/$monitor/status"; }
monitor=$(monitor_of_web)
at_work 5 xl snapshot-revert web "$(cfg s1)"
ok "a revert holds the monitor" monitor_is T
ok "and goes on" says "is back at snapshot s1" let_go
ok "it has left with its domain" soon not monitor_is '[ST]'
monitor=$(monitor_of_web)
at_work 1 xl snapshot-revert web "$(cfg s1)"
between
ok "one whose domain ends before it is held" says "there is no such domain" let_go
ok "is let go, to start it" monitor_is S
finished
