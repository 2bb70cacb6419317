# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# Disks of the domain vm whose chains QEMU makes shorter while the guest runs, on top of
# faults.sh.

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

# new_vm_with_data DISK...: new_snapshot_domain vm, with 8 MiB in its first disk that the
# witness does not look at, so that a job on it lasts.
new_vm_with_data() {
    define_domain vm "$@"
    qemu-io -f qcow2 -c 'write -q -P 7 16M 8M' /srv/vm/xvda.qcow2
    start_domain vm
    cleanup_fn rm -rf "${snapshots:?}/vm" "${snapshots:?}/.journal"
    ticking vm
}
# layers NAME...: external snapshots of vm, of the disks alone.
layers() {
    local name
    for name; do
        xl snapshot-create --external --disk-only --domain-config "$(config vm)" \
            --update-config "$(config vm)" -n "$name" vm > /dev/null && ticking vm || return 1
    done
}
# given_up NAME...: these are not wanted any more; their layers are in the chain.
given_up() {
    local name
    for name; do
        sed -n '/^parents/,/\]/p' "$(cfg vm "$name")" | grep -o "/srv/vm/[^,'\"]*" | xargs chattr -i
        rm -r "${snapshots:?}/vm/$name"
    done
}
commit() { xl block-commit --domain-config "$(config vm)" "$@"; }
pivot() { xl block-commit --pivot --update-config "$(config vm)" "$@"; }
pull() { xl block-pull --domain-config "$(config vm)" "$@"; }

# chain_is IMAGE...: what the headers say from the first one on.
chain_is() {
    diff <(printf '%s\n' "$@") \
        <(qemu-img info -U --backing-chain -f "${1##*.}" "$1" | sed -n 's/^image: //p')
}
# qemu: that of vm. has_open PATH: it has files open whose names begin so.
qemu() { xenstore-read "/local/domain/$(xl domid vm)/image/device-model-pid"; }
has_open() { ls -l "/proc/$(qemu)/fd" | grep -F " $1"; }
# qmp COMMAND [ARGUMENTS]: what vm's QEMU returns.
qmp() {
    python3 - "/run/xen/qmp-libxl-$(xl domid vm)" "$@" <<'EOF'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
lines = s.makefile("rb")
def run(command, arguments):
    s.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
    while True:
        reply = json.loads(lines.readline())
        if "event" not in reply: return reply
lines.readline()
run("qmp_capabilities", {})
reply = run(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})
print(json.dumps(reply.get("return", reply)))
sys.exit("error" in reply)
EOF
}
job_state() { qmp query-jobs | jq -r '.[] | select(.id == "xl-snapshot-xvda") | .status'; }
# under_way COMMAND...: xl of that, in the background, as $pid, until its job runs; it would
# take long. (No function: $! is to be the command, not a shell around it.)
under_way() {
    xl "$@" --domain-config "$(config vm)" --bandwidth=128K > "$_tmp/job" 2>&1 &
    pid=$!
    until_ok 60 _job_runs
}
_job_runs() { [ "$(job_state)" = running ] || [ ! -e "/proc/$pid" ]; }
# ended CODE TEXT: that command has ended so.
ended() {
    local code=0
    wait $pid || code=$?
    [ $code != "$1" ] || ! grep -q -- "$2" "$_tmp/job" || return 0
    echo "exit code $code"
    cat < "$_tmp/job"
    return 1
}
