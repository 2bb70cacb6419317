# SPDX-License-Identifier: LGPL-2.1-only
# The hooks that are shipped, spoken to as the library does; zfs with its
# stand-in.  No QEMU is needed.
set -u
# shellcheck source=../tap.sh
. "$srcdir/tests/tap.sh"

command -v jq >/dev/null || { echo "1..0 # SKIP no jq"; exit 0; }
top=$(cd "$srcdir" && pwd)
work=$(mktemp -d /tmp/xl-snapshot-hooks.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
note=error
created=1700000000

# hook NAME VERB SNAPSHOT PATH: its answer
hook() {
    env XL_SNAPSHOT_PROTOCOL=1 XL_SNAPSHOT_VERB="$2" XL_SNAPSHOT_NAME="$3" \
        XL_SNAPSHOT_VDEV=xvda XL_SNAPSHOT_PATH="$4" XL_SNAPSHOT_FORMAT=raw \
        XL_SNAPSHOT_BACKEND=phy XL_SNAPSHOT_RUNNING=1 XL_SNAPSHOT_CREATED="$created" \
        "$top/tools/hooks/$1" "$2" </dev/null 2>error
}
# answers FILTER HOOK VERB SNAPSHOT PATH: one object, for which FILTER holds
answers() {
    filter=$1
    shift
    answer=$(hook "$@") && printf '%s' "$answer" |
        jq -es "length == 1 and (.[0] | type == \"object\" and ($filter))" || {
        printf '%s\n' "$answer"
        false
    }
}
does() { answers '.done' "$@"; }
# fails TEXT HOOK VERB SNAPSHOT PATH
fails() {
    text=$1
    shift
    ! hook "$@" && grep -F -- "$text" error
}
# leaves TEXT HOOK SNAPSHOT PATH: it deletes nothing, and says what it leaves
leaves() {
    left=$1
    shift
    answers ".done and (.left | contains(\"$left\"))" "$1" delete "$2" "$3"
}
content() { same "$(cat "$1")" "$2"; }

for name in copy zfs; do
    ok "$name says what it can" answers '(.version | type == "string")
        and .can == ["live", "offline", "nested"]' $name info '' ''
    ok "$name knows its verbs" fails "no such verb: commit" $name commit s1 "$work/x"
    ok "$name does nothing without a name" fails "no name" $name delete '' "$work/x"
    if command -v shellcheck >/dev/null; then
        ok "$name is a clean script" shellcheck "$top/tools/hooks/$name"
    else
        skip "$name is a clean script" "no shellcheck"
    fi
done

# --- copy ------------------------------------------------------------------

hard="$work/a, b \"d\" 'e' \\f %s"
mkdir "$hard"
disk="$hard/-disk \$x.raw"
printf one > "$disk"
chmod 666 "$disk"
ok "copy takes a file" answers '.handles and .exists == false' copy probe '' "$disk"
ok "no folder" answers '.handles == false and (.why | endswith(" is not a regular file"))' \
    copy probe '' "$hard"
ok "nor what is not there" answers '.handles == false' copy probe '' "$work/none"
ok "tells where a snapshot would be" answers \
    ".handles and (.exists | not) and .state == $(printf %s "$disk.s1.copy" | jq -Rs .)" \
    copy probe s1 "$disk"
ok "takes one" does copy create s1 "$disk"
ok "which is a copy" content "$disk.s1.copy" one
ok "finds it" answers '.handles and .exists' copy probe s1 "$disk"
created=1700000001
ok "but not for one of another time" answers '(.handles | not) and .exists and
    (.why | contains("was not made for this snapshot"))' copy probe s1 "$disk"
ok "nor goes there" fails "was not made for this snapshot" copy revert s1 "$disk"
created=1700000000
ok "does not overwrite it" fails "exists already" copy create s1 "$disk"
printf two > "$disk"
ok "takes another" does copy create s2 "$disk"
ok "goes back" does copy revert s1 "$disk"
ok "to the content" content "$disk" one
ok "and the mode" same "$(stat -c %a "$disk")" 666
ok "and forward" does copy revert s2 "$disk"
ok "to the content" content "$disk" two
ok "and back again" does copy revert s1 "$disk"
ok "cannot go where it has not been" fails "is missing" copy revert s3 "$disk"
ok "which leaves the disk" content "$disk" one
touch "$disk.s1.copy.$created.partial"
created=1700000001
ok "does not delete one of another time" leaves "s1.copy was not made" copy s1 "$disk"
created=''
ok "nor without a time" leaves "s1.copy was not made" copy s1 "$disk"
created=1700000000
ok "deletes one" does copy delete s1 "$disk"
ok "with what was half there" same "$(ls "$hard")" "$(printf '%s\n' \
    "-disk \$x.raw" "-disk \$x.raw.s2.copy")"
ok "and one that is not there" does copy delete s1 "$disk"
ln -s "$disk" link
ok "follows a link" does copy create s4 "$work/link"
ok "to where the file is" content "$disk.s4.copy" one
ok "and back" does copy revert s4 "$work/link"
ok "the link stays one" test -L link
truncate -s 64M sparse
ok "keeps holes" does copy create s1 "$work/sparse"
ok "as they are" test "$(du -k sparse.s1.copy | cut -f 1)" -lt 1024

# Somebody who can write to the folder puts links there, when what was there is removed.
mkdir tools
cat >tools/rm <<'END'
#!/bin/sh
/bin/rm "$@"
for file; do
    case $file in *.partial) ln -s "${0%/*}/../victim" "$file" ;; esac
done
END
chmod +x tools/rm
printf mine >victim
printf one >disk
before=$PATH
PATH=$work/tools:$PATH
hook copy create s1 "$work/disk" >/dev/null
hook copy revert s1 "$work/disk" >/dev/null
PATH=$before
ok "does not write through a link" content victim mine
printf one >disk
rm -f disk.s1.copy
ok "it is done when there is none" does copy create s1 "$work/disk"
rm disk.s1.copy
ln -s victim disk.s1.copy
touch -h -d "@$created" disk.s1.copy victim
ok "nor reads through one" fails "is a link" copy revert s1 "$work/disk"
ok "the disk has what it had" content disk one
rm disk.s1.copy
ln -s nothing disk.s1.copy
ok "a link that leads nowhere is something, too" fails "exists already" copy create s1 "$work/disk"
ok "and makes nothing" test ! -e nothing

# --- zfs -------------------------------------------------------------------

if ! command -v bash >/dev/null; then
    skip "zfs" "no bash for the stand-in"
    finished
fi
PATH=/usr/bin:/bin
ok "without zfs it says so" answers '.why == "zfs is not installed"' zfs info '' ''
ok "and takes nothing" answers '.handles == false' zfs probe '' "$disk"
export ZFS_ROOT="$work/pools" PATH="$top/tests/system/stand-in:$PATH"
mkdir -p "$ZFS_ROOT/tank/vms" mnt/web
echo filesystem > "$ZFS_ROOT/tank/vms/type"
echo "$work/mnt" > "$ZFS_ROOT/tank/vms/mountpoint"
disk=$work/mnt/web/a.raw
printf one > "$disk"
ok "a file elsewhere is refused" answers '.handles == false' zfs probe '' "$work/sparse"
ok "a volume that is not there too" answers '.handles == false' zfs probe '' /dev/zvol/a/b
ok "a file in a dataset is taken" answers '.handles' zfs probe '' "$disk"
ok "the snapshot has its path" answers '.handles and (.exists | not)
    and .state == "tank/vms@s1:web:a.raw"' zfs probe s1 "$disk"
ok "a name that ZFS cannot have is refused" answers '.handles == false' \
    zfs probe a+b "$disk"
ok "takes one" does zfs create s1 "$disk"
ok "finds it" answers '.handles and .exists' zfs probe s1 "$disk"
created=1700000001
ok "but not for one of another time" answers '(.handles | not) and .exists and
    (.why | contains("was not made for this snapshot"))' zfs probe s1 "$disk"
ok "nor goes there" fails "was not made for this snapshot" zfs revert s1 "$disk"
created=1700000000
ok "takes it once" fails "cannot take tank/vms@s1:web:a.raw" zfs create s1 "$disk"
printf two > "$disk"
touch mnt/other
ok "takes another" does zfs create s2 "$disk"
ok "goes back" does zfs revert s1 "$disk"
ok "to the content" content "$disk" one
ok "and forward" does zfs revert s2 "$disk"
ok "to the content" content "$disk" two
ok "without touching other files" test -e mnt/other
printf mine >victim
ln -s "$work/victim" "$disk.xl-snapshot-revert"
ok "goes back where somebody has put a link" does zfs revert s1 "$disk"
ok "not by that" same "$(cat victim "$disk"; stat -c %F "$disk")" "mineoneregular file"
: >"$disk.xl-snapshot-revert"
exec 7<"$disk.xl-snapshot-revert"
ok "nor by a file of his" does zfs revert s2 "$disk"
ok "in which he would have the disk" same "$(cat <&7)" ''
exec 7<&-
ok "cannot go where it has not been" fails "is missing" zfs revert s3 "$disk"
created=1700000001
ok "does not delete one of another time" leaves "@s1:web:a.raw was not made" zfs s1 "$disk"
created=''
ok "nor without a time" leaves "@s1:web:a.raw was not made" zfs s1 "$disk"
created=1700000000
ok "deletes one" does zfs delete s1 "$disk"
ok "really" answers '.exists | not' zfs probe s1 "$disk"
ok "and one that is not there" does zfs delete s1 "$disk"
ok "never more than asked" same "$(grep -c '^destroy' "$ZFS_ROOT/log")" 1
finished
