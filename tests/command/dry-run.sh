# SPDX-License-Identifier: LGPL-2.1-only
# --dry-run: the plans of whole operations, and that nothing is done.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
# planned COMMAND...: its plan is what holds FILTER looks at: as $all the object, as
# $kinds the kinds of the steps, and of(KIND) the steps of a kind.
planned() { "$@" >"$hidden/plan"; }
holds() {
    jq -e ". as \$all | .plan | map(.kind) as \$kinds
        | def of(\$kind): map(select(.kind == \$kind)); $1" "$hidden/plan" && return
    jq -c '.plan[]' "$hidden/plan"
    false
}
# No domain is touched, nobody calls xl, and all is as it was before.
changes_nothing() {
    remember
    rm -f "$STAND_IN_XEN".xl
    "$@" >/dev/null && unchanged && absent "$STAND_IN_XEN.log" "$STAND_IN_XEN.xl"
}

mkdir -m 700 "$snapshots"
define_domain web qcow2 qcow2
ok "create, internal: as JSON" planned create -N --json -n s1
ok "folders, files, tags, then the names of the files" holds '$kinds == ["mkdir",
    "mkdir", "create-file", "create-file", "look-off", "exec", "look-off", "exec", "look-off",
    "record", "publish", "publish"]'
ok "a tag in each image" holds 'of("exec") | map(.argv[1], .argv[3:5])
    == ["snapshot", ["-c", "s1"], "snapshot", ["-c", "s1"]]'
ok "which is deleted again if the other one fails" holds 'of("exec")
    | map(.undo.argv[1], .undo.argv[3:5]) == ["snapshot", ["-d", "s1"], "snapshot", ["-d", "s1"]]'
ok "the last look is the commit point, and nothing else" holds \
    '[$kinds, map(.commit_point == true)] | transpose | map(select(.[1])) == [["look-off", true]]
        and $all.plan[8].commit_point'
ok "up to it all that does anything has an undo" holds \
    '.[0:8] | all(.[]; .undo or .kind == "look-off")'
ok "the snapshot config gets its name last" holds '.[-1]
    | .to == $all.config and .path == .to + ".partial"'
ok "it tells no domid and no time" holds '$all | (has("domid") or has("total_us")) | not'

ok "create, external" planned create -N --json --external -n s1
ok "overlays, then bases are frozen" holds '$kinds == ["mkdir", "mkdir", "create-file",
    "create-file", "create-file", "create-file", "exec", "exec", "flush", "flush", "look-off", "freeze",
    "freeze", "record", "publish", "publish"]'
ok "an overlay takes after its base" holds 'of("create-file") | map(select(.like)
    | [.path, .like]) == [["/srv/web/xvda.s1.qcow2", "/srv/web/xvda.qcow2"],
        ["/srv/web/xvdb.s1.qcow2", "/srv/web/xvdb.qcow2"]]'
ok "and is removed again" holds 'of("create-file") | all(.[]; .undo.kind == "unlink"
    and .undo.path == .path)'

ok "in words" says "  6. tag s1 in /srv/web/xvda.qcow2" create -N -n s1
ok "that say what it was" says "Nothing was changed." create -N -n s1
ok "asked for by the global option" says "Nothing was changed." \
    xl -N snapshot-create --domain-config web.cfg -n s1 web
ok "nothing is done" changes_nothing create -N -n s1
ok "nor for external ones" changes_nothing create -N --external -n s1
ok "nor to the xl.cfg" changes_nothing create -N --external -n s1 --update-config=web.cfg
ok "a create that would be refused is refused" refuses "create it first" \
    create -N -d /srv/no -n s1

create --external -n s1 >/dev/null
ok "revert, external, of a domain that does not run" planned revert -N --json
ok "overlays, and xl" holds '$kinds == ["create-file", "create-file", "exec", "exec", "flush", "flush",
    "look-off", "boot", "unpause"]'
ok "the start is the commit point" holds 'map(select(.commit_point).kind) == ["boot", "unpause"]'
ok "with the new overlays in place of what the xl.cfg has" holds 'of("boot")[0]
    | .disks | map(.to) == ["/srv/web/xvda.s1.r1.qcow2", "/srv/web/xvdb.s1.r1.qcow2"]'
ok "nothing is done" changes_nothing revert -N
xl create web.cfg
ok "of one that runs" planned revert -N --json
ok "it is destroyed when the overlays are there" holds '$kinds == ["hold-monitor", "look-again",
    "create-file", "create-file", "exec", "exec", "flush", "flush", "destroy",
    "release-monitor", "look-off", "boot", "unpause"]'
ok "after which there is no way back" holds 'map(.commit_point == true)
    == [range(13) | . >= 8]'
ok "until nobody writes to the bases" holds 'of("destroy")[0].images
    == ["/srv/web/xvda.qcow2", "/srv/web/xvdb.qcow2"]'
ok "left paused" planned revert -N --json --paused
ok "it is not let run" holds 'of("unpause") == []'
ok "nothing is done" changes_nothing revert -N
xl destroy web

new_host
define_domain web qcow2 qcow2
create --internal -n s1 >/dev/null
xl create web.cfg
ok "revert, internal" planned revert -N --json
ok "no image is written to before the destroy" holds '$kinds == ["hold-monitor",
    "look-again", "destroy", "release-monitor", "look-off", "remove-bitmaps", "exec",
    "look-off", "remove-bitmaps", "exec", "look-off", "boot", "unpause"] and (of("exec") | map(.argv[3:5]) == [["-a", "1"], ["-a", "1"]])'
ok "nothing is done" changes_nothing revert -N
add_memory s1
ok "with memory" planned revert -N --json
ok "it is restored" holds '$kinds[-4:] == ["exec", "look-off", "restore", "unpause"]
    and of("restore")[0].path == "/var/lib/xen/snapshots/web/s1/memory"'
ok "in words" says " 12. restore the memory $snapshots/web/s1/memory with xl" revert -N
finished
