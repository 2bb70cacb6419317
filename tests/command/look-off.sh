# SPDX-License-Identifier: LGPL-2.1-only
# A domain that is off is started, or its image opened, in the middle of a snapshot or a
# revert: it is looked at before each step that changes an image, and before the commit
# point.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg -n "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
# before STEP COMMAND...: the command stops before that step, and the look before it.
before() {
    step=$1
    shift
    plan_of "$@" || return 1
    number=$(awk -v step="$step" '/still off/ { look = NR }
        $0 ~ step { print look ? look : NR; exit }' "$hidden/steps")
    at_work $((2 * number - 1)) "$@"
}
let_go_says() { let_go && grep -F -- "$1" "$hidden/first"; }
nothing_made() { absent "$snapshots/web" "$snapshots/.journal" && no_overlay; }
no_overlay() { nothing find /srv -name '*.s1*'; }
# other_cfg: prints the name of an xl.cfg of the same domain under another name.
other_cfg() { sed 's/"web"/"other"/' web.cfg >other.cfg && echo other.cfg; }

# --- snapshots -------------------------------------------------------------

define_domain web qcow2 qcow2
before "tag s1 in .*xvdb" create s1 --internal
xl create web.cfg
ok "started between two tags" let_go_says "domain web: somebody has started it meanwhile, as \
domain web (domid 1)"
ok "there is no snapshot" nothing_made
ok "the first tag is gone" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" ""
ok "and it runs" same "$(state_of web)" ""
xl destroy web

before "tag s1 in .*xvda" create s1 --internal
xl create "$(other_cfg)"
ok "started under another name" let_go_says "as domain other (domid 2)"
ok "no tag is made" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" ""
xl destroy other

before "tag s1 in .*xvdb" create s1 --internal
sleep_with rw xvdb.qcow2
ok "one of its images is opened by somebody" let_go_says \
    "domain web: /srv/web/xvdb.qcow2 is in use by sleep (pid $!) by now; end that"
ends $!
ok "there is no snapshot" nothing_made
ok "nor a tag" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" ""

before "record the state" create s1 --internal
let_go >"$hidden/out"
ok "but for that it is taken" test -e "$(cfg s1)"
plan_of create s2 --internal
# entry: the end of the last tag, right before the last look
at_work $((2 * commit - 1)) create s2 --internal
sleep_with rw xvda.qcow2
ok "started in the middle of the last tag: it is not removed from an image in use" \
    let_go_says "xl snapshot-recover web"
ok "nor is there a snapshot" absent "$(cfg s2)"
ends $!
ok "when it is off again" says "Undone." xl snapshot-recover web
ok "there is no tag" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" s1s1

new_host
define_domain web qcow2 raw
before "format .*xvdb" create s1 --external
xl create web.cfg
ok "started while the overlays are made" let_go_says "somebody has started it meanwhile"
ok "no overlay is left" nothing_made
lsattr /srv/web >"$hidden/attributes" 2>&1
ok "no base is frozen" not grep -q '^[^ ]*i' "$hidden/attributes"

# --- reverts ---------------------------------------------------------------

new_host
define_domain web qcow2 qcow2
create s1 --internal >/dev/null
guest_writes qcow2 xvda.qcow2 later
guest_writes qcow2 xvdb.qcow2 later
before "xvda.*back to its tag" revert
sleep_with rw xvda.qcow2
ok "an image is opened before the first tag is applied" let_go_says "is in use by sleep"
ok "nothing has begun" absent "$snapshots/.journal"
ends $!

before "xvdb.*back to its tag" revert
xl create web.cfg
ok "started when one of two is back" let_go_says "domain web: the revert has begun, and its \
disks are of two moments by now; what uses them must end before xl snapshot-recover web"
ok "the other one is not touched" guest_sees qcow2 xvdb.qcow2 later
ok "nor is the domain" same "$(state_of web)" ""
ok "a recovery does not go on beside it, either" fails 1 "somebody has started it" \
    xl snapshot-recover web
xl destroy web
ok "when it is off" says "Completed." xl snapshot-recover --lose-writes web
ok "both are of one moment" guest_sees qcow2 xvdb.qcow2 "web xvdb"

guest_writes qcow2 xvdb.qcow2 later
before "xvdb.*back to its tag" revert
xl create "$(other_cfg)"
ok "the same where a revert has destroyed it: under another name" let_go_says \
    "domain web: somebody has started it meanwhile, as domain other"
ok "its disk is not touched" guest_sees qcow2 xvdb.qcow2 later
finished
