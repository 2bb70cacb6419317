# SPDX-License-Identifier: LGPL-2.1-only
# What the command has made, and somebody has begun to use since, an undo leaves, and
# says what to do with it: the guest's data may be nowhere else.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --external -n s1 "$@" web; }
recovery() { xl snapshot-recover --all; }
set_up() { define_domain web qcow2 qcow2; }
# moved_to OVERLAY...: somebody starts the domain on these, for xvda and xvdb.
moved_to() {
    sed -i "s,xvda[^,]*qcow2\\>,$1,; s,xvdb[^,]*qcow2\\>,${2-none}," web.cfg
    xl create web.cfg
}
# left WHAT: a recovery ends, and says that it has left that.
left() { says "Left: $1" recovery && absent "$snapshots/.journal"; }

set_up_once
plan_of attempt
overlay=/srv/web/xvda.s1.qcow2
of_s1=$snapshots/web/s1
as_if_formatted() {
    qemu-img create -q -f qcow2 -u -b /srv/web/xvdb.qcow2 -F qcow2 xvdb.s1.qcow2 1M
}

# --- a create ----------------------------------------------------------------

cut_off "$(begun "format.*xvdb")" && as_if_formatted
ok "overlays that nobody has used are removed" undone

cut_off "$(begun "format.*xvdb")" && as_if_formatted
moved_to xvda.s1.qcow2 xvdb.s1.qcow2
guest_writes qcow2 xvda.s1.qcow2 "weeks of work"
xl destroy web
ok "one that was written to is left" left "$overlay was written to since; remove it if \
you do not need what is in it."
ok "and has all" guest_sees qcow2 xvda.s1.qcow2 "weeks of work"
ok "one beside it that was not is removed" absent xvdb.s1.qcow2

cut_off "$(begun "format.*xvdb")" && as_if_formatted
moved_to xvda.s1.qcow2 xvdb.s1.qcow2
sleep_with rw xvdb.s1.qcow2
ok "one that is in use is left" left "/srv/web/xvdb.s1.qcow2 is in use by sleep (pid $!); \
remove it if nobody needs it."
ok "though nothing was written to it" test -e xvdb.s1.qcow2
ends $!

cut_off "$(begun "format.*xvdb")"
qemu-img snapshot -c theirs xvda.s1.qcow2
ok "one with a tag of somebody's is left" left "$overlay was written to"

cut_off "$(begun "format.*xvdb")"
head -c 300000 /dev/urandom >xvda.s1.qcow2
ok "what is no overlay any more is left" left "$overlay was written to"

cut_off "$(begun "format.*xvdb")"
truncate -s 0 xvda.s1.qcow2
truncate -s 200000 xvda.s1.qcow2
ok "what a power cut has left of one is removed" undone

cut_off "$(begun "format.*xvdb")"
truncate -s 0 xvda.s1.qcow2
truncate -s 1E xvda.s1.qcow2 2>/dev/null || truncate -s 8T xvda.s1.qcow2
ok "more zeros than anybody reads are left" left "$overlay was written to"
rm -f xvda.s1.qcow2

cut_off "$(begun "format.*xvdb")"
echo "# by somebody" >>"$of_s1/snapshot.cfg.partial"
ok "a text that somebody has changed is left" left "$of_s1/snapshot.cfg.partial was \
written to since; remove it if you do not need what is in it."
ok "and has all" grep -q "by somebody" "$of_s1/snapshot.cfg.partial"

# --- by the command itself -----------------------------------------------------

start_over
at_work "$(begun "format.*xvdb")" attempt
guest_writes qcow2 xvda.s1.qcow2 "work"
kill -TERM "$pid"
let_go >/dev/null
ok "a command that is stopped leaves it, too" grep -q "interrupted by a signal.*; left: \
$overlay was written to since" "$hidden/first"
ok "and it has all" guest_sees qcow2 xvda.s1.qcow2 "work"

# --- a revert ------------------------------------------------------------------

set_up() {
    define_domain web qcow2
    xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg \
        -n s1 web >/dev/null
}
attempt() { xl snapshot-revert "$@" web "$(cfg s1)"; }
set_up_once
plan_of attempt
cut_off "$(begun flush)"
ok "a revert's overlay that nobody has used is removed" undone
cut_off "$(begun flush)"
moved_to xvda.s1.r1.qcow2
guest_writes qcow2 xvda.s1.r1.qcow2 "weeks of work"
ok "one that was written to is left" left "/srv/web/xvda.s1.r1.qcow2 was written to since"
ok "and has all" guest_sees qcow2 xvda.s1.r1.qcow2 "weeks of work"
finished
