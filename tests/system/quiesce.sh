#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Snapshots of the disks alone with the guest's file systems frozen: by its agent,
# the real qemu-ga, and by a program; and thawed, whatever happens.
. "$(dirname "$0")/snapshot.sh"
requires python3

create="xl snapshot-create --disk-only --external"

# is_clean_layer QCOW2: the same of an image with a chain.
is_clean_layer() {
    qemu-img convert -U -O raw "$1" /srv/vm/copy.raw
    is_clean /srv/vm/copy.raw
}

connected() { awk -v p="$(agent vm)" '$6 == "03" && $8 == p { n++ } END { exit !n }' /proc/net/unix; }

# stopped_while_frozen NAME [OPTION...]: take a snapshot in the background, and
# stop the command ($tool) while it waits for the agent to freeze the guest, which
# the agent's hook draws out.
stopped_while_frozen() {
    local name=$1
    shift
    $create --quiesce "$@" -n "$name" vm > "$_tmp/tool" 2>&1 &
    tool=$!
    until connected; do sleep 0.02; done
    kill -STOP $tool
    until_ok 20 still vm
}

# ended CODE TEXT: the command ended with CODE and said so.
ended() {
    local code=0
    wait $tool || code=$?
    cat "$_tmp/tool"
    [ $code = "$1" ] && { [ -z "$2" ] || grep -F "$2" "$_tmp/tool"; }
}

new_snapshot_domain -g -a witness.hook=3000 vm ext4:16M
until_ok 30 agent_says vm guest-ping > /dev/null

ok "by the agent" says "disks only, clean" $create --quiesce -n one vm
ok "the guest goes on" ticking vm
ok "nothing is frozen" says thawed agent_says vm guest-fsfreeze-status
ok "the config says clean" grep -x 'consistency = "clean"' "$(cfg vm one)"
ok "and that is true" is_clean /srv/vm/xvda.raw

ok "without: as after a power cut" says "crash-consistent" $create -n two vm
ok "so it is" not is_clean_layer /srv/vm/xvda.one.qcow2

stopped_while_frozen three
ok "the guest is frozen, not paused" says ' (r|-)(b|-)---- ' xl list vm
kill -KILL $tool
ok "killed while the guest is frozen: the guest goes on" ticking vm
ok "nothing is frozen" says thawed agent_says vm guest-fsfreeze-status
ok "killed" ended 137 ""
ok "what it had done is undone" says "^Undone" xl snapshot-recover vm

stopped_while_frozen four --quiesce-timeout 6
ok "hanging while the guest is frozen: the guest goes on" ticking vm
kill -CONT $tool
ok "then it fails" ended 1 "was thawed after 6.0 s, before the snapshot was done"
ok "and the snapshot is not clean" grep -x 'consistency = "crash"' "$(cfg vm four)"
ok "the guest goes on" ticking vm

cat > /srv/vm/quiet <<'END'
#!/bin/sh
echo "$@" >> /srv/vm/told
[ "$1" != "$(cat /srv/vm/refuse)" ] || { echo "not now" >&2; exit 3; }
END
chmod +x /srv/vm/quiet
touch /srv/vm/refuse
ok "by a program" says "disks only, clean" \
    $create --quiesce-command /srv/vm/quiet -n five vm
ok "which was told both" diff /srv/vm/told - <<< $'freeze vm\nthaw vm'
echo freeze > /srv/vm/refuse
: > /srv/vm/told
ok "one that refuses" mustfail "failed with status 3: not now" \
    $create --quiesce-command /srv/vm/quiet -n six vm
ok "is told to thaw" diff /srv/vm/told - <<< $'freeze vm\nthaw vm'
ok "and there is no snapshot" not test -e "$snapshots/vm/six"

socat -u "UNIX-CONNECT:$(agent vm)" - > /dev/null & other=$!
until connected; do sleep 0.1; done
remember vm
ok "a channel in use" mustfail "its socket is in use by socat" \
    $create --quiesce -n seven vm
kill $other
ok "no program" mustfail "freeze it cannot be run" \
    $create --quiesce-command /srv/vm/none -n seven vm
ok "with memory" mustfail "leave out --quiesce" \
    xl snapshot-create --quiesce -n seven vm
ok "left paused" mustfail "a paused guest cannot be thawed" \
    $create --quiesce --paused -n seven vm
ok "no number" mustfail -x 2 "1 to 3600" $create --quiesce --quiesce-timeout 0 vm
ok "nothing has changed" unchanged vm
xl pause vm
ok "a paused domain" mustfail "it is paused" \
    $create --quiesce -n seven vm
xl unpause vm
ok "after all that the agent still works" \
    says "disks only, clean" $create --quiesce -n eight vm
ok "and the guest goes on" ticking vm
