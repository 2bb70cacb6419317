# SPDX-License-Identifier: LGPL-2.1-only
# faults.sh: commands that are cut off at each entry of their journal, by tests/fault,
# and then recovered; on top of lib.sh.
# shellcheck shell=sh

. "$srcdir/tests/command/lib.sh"

# fault ENTRY WHAT COMMAND...: runs a command with something going wrong at that entry,
# see fault.c. Sets $code; its output is in "$hidden/said".
fault() {
    FAULT=".journal/ $1 $2"
    export FAULT
    preloads=$fault code=0
    shift 2
    "$@" >"$hidden/said" 2>&1 || code=$?
    unset FAULT preloads
}

# soon COMMAND...: until it succeeds, 10 s at most.
soon() {
    tries=1000
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.01
    done
}
is_stopped() {
    pid=$(find /proc/[0-9]*/exe -lname '*/xl-snapshot' 2>/dev/null | tr -dc '0-9')
    grep -qs '^State:.T' "/proc/$pid/status"
}
is_gone() { ! readlink "/proc/$pid/exe" >/dev/null; }
# at_work ENTRY COMMAND...: starts a command that stops at that entry of its journal, as
# $pid. let_go: it goes on, and prints what it has said.
at_work() {
    preloads=$fault
    FAULT=".journal/ $1 stop-after"
    export FAULT
    shift
    "$@" >"$hidden/first" 2>&1 &
    unset FAULT preloads
    soon is_stopped || cat "$hidden/first"
}
let_go() {
    kill -CONT "$pid"
    soon is_gone
    cat "$hidden/first"
}
# edit_journal SED-SCRIPT: changes the journals, which are the same files afterwards.
edit_journal() {
    for edited in "$snapshots"/.journal/*.json; do
        sed "$1" "$edited" >"$hidden/edited" && cat "$hidden/edited" >"$edited"
    done
}
# The host has stopped and been started again: its domains are gone.
reboot() {
    edit_journal 's/"boot":"[^"]*"/"boot":"00000000-0000-4000-8000-000000000000"/'
    ! domid_of web >/dev/null || xl destroy web
}
# As libxl leaves a domain, which is paused, if it is killed in its destruction.
half_destroyed() {
    half=$(domid_of web)
    sed -i "/^.libxl.$half.device.vbd/d" "$STAND_IN_XEN"
    echo "/local/domain/$half/image/device-model-pid 4194305" >>"$STAND_IN_XEN"
}
# plan_of COMMAND...: sets $steps to the number of steps of its dry run, and $commit to
# the number, from 1, of the first commit point.
plan_of() {
    "$@" -N --json >"$hidden/plan" || return 1
    jq -r '.plan[] | "\(.commit_point == true) \(.what)"' "$hidden/plan" >"$hidden/steps"
    steps=$(wc -l <"$hidden/steps")
    commit=$(awk '/^true/ { print NR; exit }' "$hidden/steps")
}
# begun STEP, ended STEP: the entry of the journal that says so of the first step of the
# plan with that text.
begun() { echo $((2 * $(grep -n -- "$1" "$hidden/steps" | head -n 1 | cut -d: -f1))); }
ended() { echo $(($(begun "$1") + 1)); }
# cut_off ENTRY: an attempt, from the beginning, killed after that entry.
cut_off() {
    start_over
    fault "$1" kill-after attempt
    same $code 137 || { cat "$hidden/said"; return 1; }
}
# killed_at STEP COMMAND...: when its journal says that the first step of its plan with
# that text has begun. It has not been done.
killed_at() {
    step=$1
    shift
    plan_of "$@" || return 1
    number=$(grep -n -- "$step" "$hidden/steps" | head -n 1 | cut -d: -f1)
    fault $((2 * number)) kill-after "$@"
    same $code 137 || { cat "$hidden/said"; return 1; }
}

# Entry 1 of a journal is the plan; then each step has two, "begun" and "done".
# step_of ENTRY: the number of its step, from 1. where ENTRY: its name.
step_of() { echo $(($1 / 2)); }
is_begun() { [ $(($1 % 2)) = 0 ]; }
where() {
    [ "$1" != 1 ] || { echo "the plan"; return; }
    what=$(sed -n "$(step_of "$1")s/[a-z]* //p" "$hidden/steps")
    if is_begun "$1"; then echo "begun: $what"; else echo "done: $what"; fi
}

# recovered HOW: there is one journal, and recovery says that it has been HOW.
recovered() {
    same "$(journal | wc -l)" 1 && says "$1." xl snapshot-recover --all &&
        absent "$snapshots/.journal" && no_partial
}
no_partial() { nothing find /srv "$snapshots" -name '*.partial*'; }

undone() { recovered Undone && unchanged; }
completed() { recovered Completed && as_after; }
# The step that was cut off has itself written to an image: who did is not known.
asked() {
    fails 1 "xl snapshot-recover --lose-writes $domain" xl snapshot-recover --all &&
        same "$(journal | wc -l)" 1 &&
        says "Completed." xl snapshot-recover --lose-writes "$domain" &&
        absent "$snapshots/.journal" && no_partial && as_after
}

# killed_everywhere OPERATION: runs "attempt" on the host that "set_up" makes, and kills
# it before and after each entry of its journal. Up to its commit point it has to be
# undone, then completed, which "as_after" checks. Which of them, where the commit
# point was begun, is in $if_begun; where it was also done, in $if_not_recorded. If
# that is empty, the cell is left out.
#
# Between "done" and the next "begun" nothing happens: of the entries "done" only the
# last one is tried on both sides.
killed_everywhere() {
    set_up_once
    plan_of attempt || { ok "$1: a dry run" false; return; }
    entry=0 code=137
    while [ $code = 137 ]; do
        entry=$((entry + 1))
        kill_at "$1" before
        [ $code = 137 ] || break
        if is_begun $entry || [ $entry = $((2 * steps + 1)) ]; then
            kill_at "$1" after
        fi
    done
    ok "$1: all entries of the journal were tried" same $entry $((2 * steps + 2))
    ok "$1: and when there are no more it is done" done_by "$code"
}

# The host of "set_up" is made once for each matrix, and then copied; what "start"
# starts is started each time.
start() { :; }
set_up_once() {
    new_host
    set_up
    # a command that is killed before its journal has begun leaves this folder behind
    [ -d "$snapshots" ] || mkdir -m 700 "$snapshots"
    lsattr -R /srv 2>/dev/null | sed -n 's/^[^ ]*i[^ ]* //p' >"$hidden/immutable"
    rm -rf "$hidden/start"
    mkdir "$hidden/start"
    cp -a /srv /var/lib/xen "$STAND_IN_XEN" "$hidden/start"
    start_over
    remember
}
start_over() {
    kill -KILL -1 2>/dev/null
    cd / || exit 1
    empty_again /srv /var/lib/xen
    cp -a "$hidden/start/srv" /
    cp -a "$hidden/start/xen" /var/lib
    xargs -r chattr +i <"$hidden/immutable"
    rm -f "$STAND_IN_XEN".*
    cp "$hidden/start/host" "$STAND_IN_XEN"
    cd "/srv/$domain" || exit 1
    start
    rm -f "$STAND_IN_XEN".xl "$STAND_IN_XEN".log
}

# overwritten WHEN: $entry is the end, not recorded, of a step that overwrites an image.
overwritten() {
    [ "$1" = before ] && ! is_begun $entry && [ $entry != 1 ] &&
        case $(where $entry) in *"back to its tag"*) ;; *) false ;; esac
}

# kill_at OPERATION WHEN: a test point for $entry, if the journal has it.
kill_at() {
    start_over
    fault "$entry" "kill-$2" attempt
    [ $code = 137 ] || return 0
    outcome=undone
    if overwritten "$2"; then outcome=asked
    elif [ "$(step_of $entry)" -gt "$commit" ]; then outcome=completed
    elif [ $entry$2 = $((2 * commit))after ]; then outcome=$if_begun
    elif [ $entry = $((2 * commit + 1)) ]; then outcome=$if_not_recorded
    fi
    [ -z "$outcome" ] || ok "$1 | killed $2 $(where $entry) | $outcome" "$outcome"
}

done_by() {
    same "$1" 0 && absent "$snapshots/.journal" && no_partial && as_after
}

# terminated_everywhere OPERATION: the same with SIGTERM, which the command answers by
# itself: undone and exit code 1, or done and 0.
terminated_everywhere() {
    set_up_once
    plan_of attempt || { ok "$1: a dry run" false; return; }
    entry=1
    while terminate_at "$1"; do entry=$((entry + 1)); done
    ok "$1: all entries of the journal were tried" same $entry $((2 * steps + 2))
}

terminate_at() {
    start_over
    fault "$entry" term-after attempt
    if [ "$(step_of $entry)" -lt "$commit" ]; then
        ok "$1 | SIGTERM after $(where $entry) | undone" stopped_by "$code"
    elif grep -q "a signal came after the commit point" "$hidden/said"; then
        ok "$1 | SIGTERM after $(where $entry) | done" done_by "$code"
    else
        return 1
    fi
}
stopped_by() {
    same "$1" 1 && grep "interrupted by a signal" "$hidden/said" &&
        absent "$snapshots/.journal" && unchanged
}

# --- reverts to a snapshot without memory ----------------------------------

# reverts_internal: the domain has two disks with tags. reverts_external: it has two
# overlays, on a qcow2 and on a raw base. The guest has written since the snapshot.
reverts_internal() {
    set_up() {
        define_domain web qcow2 qcow2
        xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
        guest_writes qcow2 xvda.qcow2 later && guest_writes qcow2 xvdb.qcow2 later
    }
    images_are_back() {
        guest_sees qcow2 xvda.qcow2 "web xvda" &&
            guest_sees qcow2 xvdb.qcow2 "web xvdb" && is_on web xvda.qcow2 xvdb.qcow2
    }
}
reverts_external() {
    set_up() {
        define_domain web qcow2 raw
        xl snapshot-create --domain-config web.cfg --external \
            --update-config=web.cfg -n s1 web >/dev/null
        guest_writes qcow2 xvda.s1.qcow2 later && guest_writes qcow2 xvdb.s1.qcow2 later
    }
    # what was there is never deleted
    images_are_back() {
        guest_sees qcow2 xvda.s1.r1.qcow2 "web xvda" &&
            guest_sees qcow2 xvdb.s1.r1.qcow2 "web xvdb" &&
            guest_sees qcow2 xvda.s1.qcow2 later && guest_sees qcow2 xvdb.s1.qcow2 later &&
            is_on web xvda.s1.r1.qcow2 xvdb.s1.r1.qcow2
    }
}
attempt() { xl snapshot-revert "$@" web "$(cfg s1)"; }
# Whoever did it, xl was called once to start the domain, and it is not paused.
as_after() {
    same "$(grep -c '^create$' "$STAND_IN_XEN.xl")" 1 && same "$(state_of web)" '' &&
        images_are_back
}
