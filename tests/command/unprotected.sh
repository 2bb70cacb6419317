# SPDX-License-Identifier: LGPL-2.1-only
# Bases that nothing keeps root, and so xl and QEMU, from writing to: their storage has no
# immutable flag, as NFS. They are said to be so, whoever completes the snapshot.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --external "$@" web; }
set_up() { define_domain web qcow2 raw; }
verify() { xl snapshot-verify "$@" --domain-config web.cfg "$(cfg s1)"; }
warning() {
    echo "Root, and so xl and QEMU, can still write to the base $1, which cannot be made \
immutable where it is."
}
# told COMMAND...: succeeds, and warns of both bases.
told() {
    says "$(warning /srv/web/xvda.qcow2)" "$@" &&
        grep -qF "$(warning /srv/web/xvdb.raw)" "$hidden/out"
}
both='.unprotected == ["/srv/web/xvda.qcow2", "/srv/web/xvdb.raw"]'

set_up_once
plan_of attempt -n s1
attempt -n s0 >"$hidden/out"
if lsattr xvdb.raw 2>&1 | grep -q '^[^ ]*i'; then
    start_over
    ok "an immutable base is protected" lacks "can still write" attempt -n s1
    start_over
    ok "in JSON, too" json 'has("unprotected") | not' attempt -n s1 --json
    ok "a verification says nothing of it" lacks "protected" verify
    chattr -i xvdb.raw
    ok "until its flag is taken off" matches "^disk xvdb *good .* (not protected: root" verify
    ok "of the other one it says nothing" same "$(grep -c protected "$hidden/out")" 1
fi

FAULT_SETFLAGS=no preloads=$fault
export FAULT_SETFLAGS
start_over
ok "without the flag that is told" told attempt -n s1
ok "of each base" grep -qF "base /srv/web/xvdb.raw (not protected), overlay" "$hidden/out"
ok "which cannot be written to but for root" frozen xvdb.raw
start_over
ok "not by a dry run" lacks "can still write" attempt -N -n s1
ok "in JSON" json "$both" attempt -n s1 --json

ok "by each verification, to which it is good" matches \
    "^disk xvda *good  /srv/web/xvda.qcow2 (not protected: root can write to this base;" verify
ok "in JSON" json '.good and (.items | map(select(.unprotected).what)) ==
    ["disk xvda", "disk xvdb"]' verify --json

start_over
attempt --update-config=web.cfg -n s1 >"$hidden/out"
qemu-img convert -f qcow2 -O raw xvdb.s1.qcow2 flat.raw
sed -i 's|xvdb.s1.qcow2,qcow2|flat.raw,raw|' web.cfg
# kept COMMAND...: warns of the base of the snapshot that a revert keeps.
kept() {
    says "Domain web is back" "$@" &&
        grep -qF "$(warning /srv/web/flat.raw)" "$hidden/out"
}
ok "the same of the state that a revert keeps" kept xl snapshot-revert --keep \
    --domain-config web.cfg web "$(cfg s1)"

# cut_off STEP: killed before the step with that text.
cut_off() {
    start_over
    fault $((2 * $(grep -n -- "$1" "$hidden/steps" | head -n 1 | cut -d: -f1))) kill-before \
        attempt -n s1
    preloads=$fault
    same $code 137
}
cut_off "unwritable"
ok "a recovery that completes it tells" told xl snapshot-recover web
cut_off "name it .*domain.cfg"
ok "also if the bases were frozen already" json ".[0]$both" xl snapshot-recover --json web

# Where a rename may replace what is there, and no file has two names: exfat by FUSE.
unset FAULT_SETFLAGS
FAULT_RENAME=no
export FAULT_RENAME
start_over
ok "a snapshot is complete there, too" says "Snapshot s1 of domain web" attempt -n s1
ok "all of it is good" xl snapshot-verify --domain-config web.cfg "$(cfg s1)"
finished
