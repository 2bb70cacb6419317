# SPDX-License-Identifier: LGPL-2.1-only
# lib.sh: what the block tests share.  A real QEMU has the disks open as
# xen-block opens them (7.2, xen_block_drive_create: a format node on a file
# node without locks); where a domain has its xen-block device, there is an
# NBD export, through which the "guest" reads and writes.
#
#   new_disk xvda qcow2 [PATH]; start_qemu
#   guest xvda 'write -P 0x11 0 64k'
#   take s1 xvda=OVERLAY xvdb       external, internal
#
# machine=pc: with devices, which never run.
# shellcheck shell=sh
set -u

run_plan=$builddir/tests/block/run-plan
qemu=
note=error
# shellcheck source=../tap.sh
. "$srcdir/tests/tap.sh"

for tool in qemu-system-x86_64 qemu-img qemu-io; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done

work=$(mktemp -d /tmp/xl-snapshot-block.XXXXXX) || exit 1
finish() {
    stop_qemu
    umount "$work/small" 2>/dev/null
    chattr -R -f -i "$work"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

says() { grep -F -- "$1" error || { cat error; false; }; }
absent() { ! [ -e "$1" ]; }

# new_disk VDEV FORMAT [PATH]
new_disk() {
    path=${3:-$work/$1.$2}
    qemu-img create -q -f "$2" "$path" 16M || exit 1
    eval "disk_$1=\$path format_$1=\$2"
    disks="${disks-} $1"
}

json_string() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

# Start QEMU with the disks made so far, or with other images of theirs.
start_qemu() {
    set -- qemu-system-x86_64 -M "${machine-none}" -nodefaults -display none \
        -qmp "unix:$work/qmp,server=on,wait=off" \
        -object iothread,id=io
    for vdev in $disks; do
        eval "path=\$disk_$vdev format=\$format_$vdev"
        # shellcheck disable=SC2154
        set -- "$@" -blockdev "{\"driver\":\"file\",\"locking\":\"off\",
            \"node-name\":\"$vdev-file\",
            \"filename\":$(json_string "$path")}" \
            -blockdev "{\"driver\":\"$format\",\"file\":\"$vdev-file\",
            \"node-name\":\"$vdev-$format\"}"
        [ "${machine-none}" = none ] || set -- "$@" -S \
            -device "virtio-blk-pci,drive=$vdev-$format,share-rw=on"
    done
    "$@" >qemu.log 2>&1 &
    qemu=$!
    tries=0
    until [ -S qmp ] && "$run_plan" --nodes qmp >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || break
        sleep .1
    done
    qmp nbd-server-start "{\"addr\":{\"type\":\"unix\",
        \"data\":{\"path\":\"$work/nbd\"}}}"
    for vdev in $disks; do
        eval "format=\$format_$vdev"
        qmp block-export-add "{\"type\":\"nbd\",\"id\":\"$vdev\",
            \"name\":\"$vdev\",\"node-name\":\"$vdev-$format\",
            \"writable\":true}"
    done
}

stop_qemu() {
    [ -n "$qemu" ] || return 0
    kill "$qemu" 2>/dev/null
    wait "$qemu" 2>/dev/null
    qemu=
    rm -f qmp nbd
}

qmp() { "$run_plan" --qmp qmp "$@" || echo "# qmp $1 failed" >&2; }
nodes() { "$run_plan" --nodes qmp | sort | tr '\n' ' '; }

# guest VDEV COMMAND...: qemu-io's commands, through the running QEMU
guest() {
    vdev=$1
    shift
    for command; do
        shift
        set -- "$@" -c "$command"
    done
    io -f raw "$@" "nbd+unix:///$vdev?socket=$work/nbd"
}

# qemu-io exits 0 when a pattern does not match
io() {
    qemu-io "$@" >io.out 2>&1 || { cat io.out; return 1; }
    ! grep -E 'verification failed|rror|failed' io.out
}

# take NAME [--break] [--then PROGRAM] VDEV[=OVERLAY]...
take() {
    name=$1
    shift
    for arg; do
        shift
        case $arg in
        xvd*)
            vdev=${arg%%=*}
            eval "path=\$disk_$vdev format=\$format_$vdev"
            case $arg in
            *=*) set -- "$@" "$vdev:$vdev-$format:$path:${arg#*=}" ;;
            *) set -- "$@" "$vdev:$vdev-$format:$path" ;;
            esac ;;
        *) set -- "$@" "$arg" ;;
        esac
    done
    "$run_plan" qmp "$name" "$@" 2>error
}

# revert NAME VDEV [OVERLAY]
revert() {
    name=$1 vdev=$2
    shift 2
    eval "path=\$disk_$vdev format=\$format_$vdev"
    "$run_plan" --revert "$name" "$format" "$path" "$@" 2>error
}

info() { qemu-img info -U -f "$1" "$2"; }
