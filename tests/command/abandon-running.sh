# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-recover --abandon while the domain runs: what is somebody else's stays as it is,
# and no guest is let go to where it would lose what it wrote.
. "$srcdir/tests/command/faults.sh"

abandon() { xl snapshot-recover --abandon "$@" web; }
monitor_of() { sed -n "s,^xen/$(domid_of web)/monitor ,,p" "$STAND_IN_XEN"; }
monitor_is() { grep -q "^State:.$1" "/proc/$monitor/status"; }
state() { sed -i "s,^xen/$(domid_of web)/state.*,xen/$(domid_of web)/state $1," "$STAND_IN_XEN"; }
tell_host() { echo "/local/domain/$(domid_of web)/$1" >>"$STAND_IN_XEN"; }

# runs: domain web, with xl's monitor.
runs() {
    new_host
    define_domain web qcow2
    xl create web.cfg
    monitor=$(monitor_of)
}

# What a create leaves that was cut off: an external snapshot of the disk alone (disks), or
# with memory, of a guest that has to run for the save (memory).
steps_of() {
    hold='{"kind":"hold-monitor","what":"hold the monitor","pids":['$monitor'],
"undo":{"kind":"release-monitor","what":"release the monitor","pids":['$monitor']}}'
    repoint='{"vdev":"xvda","be_path":"/local/domain/0/backend/qdisk/'$domid'/51712",
"devid":51712,"format":"qcow2",'
    case $1 in
    disks) cat <<END
$hold,
{"kind":"pause","what":"pause it","was_paused":${was_paused:-false},
"undo":{"kind":"unpause","what":"unpause it","was_paused":${was_paused:-false}}},
{"kind":"qmp","what":"snapshot 1 disk in one QEMU transaction","command":"transaction",
"commit_point":true,"arguments":"{\\"actions\\":[{\\"type\\":\\"blockdev-snapshot\\",
\\"data\\":{\\"node\\":\\"xvda\\",\\"overlay\\":\\"xvda-s1\\"}}]}"},
{"kind":"unpause","what":"unpause the domain","was_paused":${was_paused:-false}},
{"kind":"repoint","what":"repoint 1 disk","disks":[$repoint
"from":"/srv/web/xvda.qcow2","to":"/srv/web/xvda.s1.qcow2"}],
"undo":{"kind":"repoint","what":"repoint 1 disk back","disks":[$repoint
"from":"/srv/web/xvda.s1.qcow2","to":"/srv/web/xvda.qcow2"}]}},
{"kind":"release-monitor","what":"release the monitor","pids":[$monitor]},
{"kind":"freeze","what":"freeze xvda","path":"/srv/web/xvda.qcow2"}
END
        ;;
    memory) cat <<END
$hold,
{"kind":"unpause","what":"let it run for the save","undo":{"kind":"pause","what":"pause it again"}},
{"kind":"save","what":"save it","path":"/srv/web/m","content":"{}","undo_if_failed":true,
"undo":{"kind":"resume","what":"resume it"}}
END
        ;;
    esac
}
# cut_off PLAN "STEP STATE"...: with these lines, the monitor being held.
cut_off() {
    domid=$(domid_of web)
    steps_of "$1" | tr -d '\n' >"$hidden/plan"
    shift
    mkdir -p "$snapshots/.journal"
    {
        echo '{"operation":"create","domain":"web","uuid":"'"$uuid"'","domid":'"$domid"',
"snapshot":"s1","began":1,"at_stake":["/srv/web/xvda.qcow2"],"boot":"'"$boot"'","plan":['
        cat "$hidden/plan"
        echo ']}'
    } | tr -d '\n' >"$snapshots/.journal/$uuid.json"
    {
        echo
        for note; do
            kind=$(echo "[$(cat "$hidden/plan")]" | jq -r ".[${note% *}].kind")
            echo '{"step":'"${note% *}"',"kind":"'"$kind"'","state":"'"${note#* }"'"}'
        done
    } >>"$snapshots/.journal/$uuid.json"
    kill -STOP "$monitor"
}
boot=$(cat /proc/sys/kernel/random/boot_id)
committed() { cut_off disks "0 done" "1 done" "2 ${1-done}"; }
overlay() {
    "$QEMU_IMG" create -q -f qcow2 -u -b /srv/web/xvda.qcow2 -F qcow2 xvda.s1.qcow2 1M
}
is() { same "$(state_of web)" "$1"; }
is_stored() { grep -q "\"pdev_path\": *\"/srv/web/$1\"" /var/lib/xen/userdata-d."$domid".*; }
# told TEXT: the last command has said so, too.
told() { grep -qF -- "$1" "$hidden/out" || { cat "$hidden/out"; return 1; }; }

# --- a pause of somebody else's ----------------------------------------------

runs
xl pause web
was_paused=true
cut_off disks "0 done" "1 begun"
ok "a domain that was paused before stays so" says "Left: domain web stays paused, as it was \
before, and perhaps once more" abandon
ok "killed before our pause" is paused
was_paused=false

runs
xl pause web
cut_off disks "0 done" "1 done"
edit_journal 's/"kind":"pause","state":"done"/&,"cpu_ns":1/'
xl unpause web
xl pause web
ok "one that somebody has let run, and paused again" says "Left: domain web is paused, by \
somebody else: it has run since" abandon -N
ok "stays paused" says "  done:     release the monitor" abandon
ok "by him" is paused

runs
state suspend
cut_off memory "0 done" "1 done" "2 done"
ok "a pause of somebody's that was lifted for a save" says "  done:     resume it" abandon
ok "is put back" is paused
ok "and the monitor goes on" monitor_is S

# the domain is paused by its admin when a revert is about to destroy it
reverted() {
    new_host
    define_domain web qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
    xl create web.cfg
    monitor=$(monitor_of)
    "$@"
    plan_of revert
    number=$(grep -n -- "$at" "$hidden/steps" | head -n 1 | cut -d: -f1)
}
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
at=destroy
reverted xl pause web
fault $((2 * number)) kill-after revert
ok "paused before a revert that was about to destroy it" says "Left: domain web is paused, by \
whom is not known; xl unpause lets it run." abandon
ok "stays paused" is paused
ok "its monitor goes on" monitor_is S

reverted xl pause web
fault $((2 * number)) kill-after revert
half_destroyed
ok "one that was half destroyed is not let run" says "Left: domain web is paused, and not whole: \
its revert had begun to destroy it; destroy it, then revert it again." abandon
ok "but stays as it is" is paused

# --- a revert ----------------------------------------------------------------

at=unpause
reverted :
fault $((2 * number)) kill-before revert
ok "a domain that has come back is held" is paused
ok "and is let go" says "  done:     unpause the domain" abandon
ok "so that it runs" is ''
at=destroy
reverted :
fault $((2 * number + 1)) kill-after revert
ok "one that has not come back is told of" says "Left: domain web is not brought back; started, \
it has the disks that it had before" abandon
ok "it is not said to have new disks" not told "has new disks"
ok "no monitor waits for it" soon not monitor_is '[ST]'

at="back to its tag"
reverted :
fault $((2 * number)) kill-after revert
ok "so is one whose disks were being overwritten" says "Left: domain web is not brought back, and \
its disks may be of two moments: do not start it" abandon
at=destroy

with_half() { STAND_IN_XL="half both qemu" xl snapshot-revert web "$(cfg s1)"; }
reverted :
(with_half) >/dev/null 2>&1
ok "what xl has half made is not let run" says "Left: domain web is not whole: the xl of its \
revert was killed while it made it; destroy it, then revert it again" abandon
ok "it is as it was" is paused

# --- disks that QEMU has switched --------------------------------------------

runs
overlay
committed
remember
ok "what would be done is told" says "  to do:    repoint 1 disk" abandon -N
ok "with what is left to a person" told "Left: QEMU has switched the disks of domain web \
(/srv/web/xvda.qcow2 to /srv/web/xvda.s1.qcow2), and what the guest wrote since is in the \
latter alone; never start it on the former"
grep -v '  to do: \|Nothing was' "$hidden/out" >"$hidden/dry"
ok "and that nothing was changed" told "Nothing was changed."
ok "which is true" unchanged
ok "the monitor is held" monitor_is T
ok "all of it is done" says "  done:     repoint 1 disk" abandon
ok "with the words of the dry run" same "$(grep -v '  done: \|Abandoned' "$hidden/out")" \
    "$(cat "$hidden/dry")"
ok "the domain is on its overlay" is_on web xvda.s1.qcow2
ok "also when it reboots" is_stored xvda.s1.qcow2
ok "by its monitor" monitor_is S
ok "and runs" is ''
ok "the base is named" told "  not done: freeze xvda"

runs
overlay
committed
sed -i "s,params .*xvda.qcow2,params qcow2:/srv/other," "$STAND_IN_XEN"
ok "where its disks cannot be repointed" says "  not done: repoint 1 disk" abandon
ok "the reason is told" told "does not name /srv/web/xvda.qcow2 any more"
ok "it is let go" is ''
ok "but its monitor is not, which would start it on its base" monitor_is T
ok "and that is told" told "pid $monitor, stays stopped, since at a reboot it would start the \
guest on the disks that its stored config names; kill -CONT $monitor lets it go on, when"
kill -CONT "$monitor"

runs
overlay
committed
sed -i "s,params .*xvda.qcow2,params qcow2:/srv/other," "$STAND_IN_XEN"
ok "nor is it by a recovery" fails 1 "xl's monitor of the domain, pid $monitor, stays stopped" \
    xl snapshot-recover web
ok "which can be done again" same "$(monitor_is T && journal)" "$uuid.json"
sed -i "s,params qcow2:/srv/other,params qcow2:/srv/web/xvda.qcow2," "$STAND_IN_XEN"
ok "and then it is" says "Completed." xl snapshot-recover web
ok "and it is let go" monitor_is S

runs
xl pause web
overlay
committed
fault 4 kill-after abandon
ok "killed when it has let the guest run" same "$code $(state_of web)" "137 "
xl pause web
ok "it goes on" says "  done:     release the monitor" abandon
ok "and leaves a pause of somebody else's" is paused

runs
committed begun
ok "where nobody knows if they were switched" says "whether QEMU has switched the disks of \
domain web (/srv/web/xvda.qcow2 to /srv/web/xvda.s1.qcow2) is not known" abandon
ok "they are not repointed" is_stored xvda.qcow2
ok "new disks are not given out" not told "has new disks"
ok "it is let go" is ''
ok "but for its monitor" monitor_is T
kill -CONT "$monitor"

for wrote in yes no; do
    runs
    overlay
    [ $wrote = no ] || guest_writes qcow2 xvda.s1.qcow2 "by the guest"
    committed begun
    tell_host "image/device-model-pid 99999"
    ok "QEMU has died; was the overlay written to? $wrote" says "Abandoned." abandon
    if [ $wrote = yes ]; then
        ok "then the disk was switched" is_stored xvda.s1.qcow2
    else
        ok "then it does not matter" is_stored xvda.qcow2
    fi
    ok "the monitor goes on" monitor_is S
done

# --- who has the domain in hands ---------------------------------------------

runs
state suspend
cut_off memory "0 done" "1 begun" "1 done" "2 begun"
saves "$(domid_of web)"
ok "who is suspended by one who saves it" says "Left: domain web is being saved or migrated \
(pid $!), so it is neither resumed nor unpaused" abandon
ok "is not resumed" is suspend
ends $!

runs
xl pause web
overlay
committed
saves "$(domid_of web)"
ok "who is saved" says "  not done: unpause the domain" abandon
ok "with its old disks" told "what is being saved of it names the former"
ok "stays paused" is paused
ok "but has its new ones when that has failed" is_stored xvda.s1.qcow2
ends $!

runs
xl pause web
overlay
committed
sleep_with rw xvda.s1.qcow2
ok "who shares a disk with somebody" says "Left: domain web stays paused: \
/srv/web/xvda.s1.qcow2 is in use by sleep (pid $!), and its guest would write to the same disk; \
end that, then xl unpause web lets it run" abandon -N
ok "stays paused" says "  not done: unpause the domain" abandon
ok "as it was" is paused
ends $!

runs
state suspend
cut_off memory "0 done"
edit_journal 's/{"kind":"unpause".*,{"kind":"save"/{"kind":"save"/'
echo '{"step":1,"kind":"save","state":"done"}' >>"$snapshots/.journal/$uuid.json"
sleep_with rw xvda.qcow2
ok "who is suspended, too" says "  done:     pause the domain until its disks are free" abandon
ok "is left paused, and not suspended, which xl could not end" is paused
ends $!

# --- a journal that cannot be read -------------------------------------------

runs
mkdir -p "$snapshots/.journal"
for stem in web "$uuid"; do
    xl pause web
    echo "no JSON" >"$snapshots/.journal/$stem.json"
    ok "what a damaged journal ($stem) was to tell is to be looked for" says "Left: domain 1 \
may have been held by the command; it is paused" xl snapshot-recover --abandon "$stem"
    xl unpause web
done
finished
