# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-verify: good, and each piece of a snapshot missing or changed.
. "$srcdir/tests/command/lib.sh"

verify() { xl snapshot-verify "$@"; }
create() { xl snapshot-create --domain-config web.cfg "$@" web >/dev/null; }
# bad WHAT WHY [ARGUMENT...]: the snapshot $name is not good: of all rows that of WHAT
# alone, which says WHY; exit code 1, and one line about it on stderr.
bad() {
    row=$1 why=$2
    shift 2
    fails 1 "snapshot $name cannot be reverted to" verify "$@" "$(cfg $name)" &&
        same "$(wc -l <"$hidden/error")" 1 &&
        same "$(grep -c '  BAD ' "$hidden/out")" 1 &&
        grep -q "^$row  *BAD .*$why" "$hidden/out" || { cat "$hidden/out"; return 1; }
}
# shellcheck disable=SC2120 # others call it with more
good() { lacks BAD verify "$@" "$(cfg $name)"; }
in_use_by_writer() {
    thawed xvda.qcow2
    sleep_with rw xvda.qcow2
    freeze xvda.qcow2
    bad users "disk xvda: /srv/web/xvda.qcow2 is in use by sleep (pid $!)"
    code=$?
    ends $!
    return $code
}
in_use_by_reader() {
    sleep_with r xvda.qcow2
    good
    code=$?
    ends $!
    return $code
}
running_is_good() { xl create web.cfg && good; }
freeze() { chattr +i "$@" 2>/dev/null || chmod a-w "$@"; }

define_domain web qcow2 raw
create --external -n ext
name=ext
ok "all is good" good
ok "a row for each thing" same "$(verify "$(cfg ext)" | sed 's/  .*//' | tr '\n' ' ')" \
    "snapshot config domain config domain programs disk xvda disk xvdb users "
ok "as JSON" json '.name == "ext" and .domain == "web" and .good
    and (.items | map(.what) == ["snapshot config", "domain config", "domain",
        "programs", "disk xvda", "disk xvdb", "users"]) and all(.items[]; .good)
    and .items[4].path == "/srv/web/xvda.qcow2"' verify --json "$(cfg ext)"
before=$(stat -c %y xvdb.raw)
thawed xvdb.raw
guest_writes raw xvdb.raw "other"
freeze xvdb.raw
ok "one that was" bad "disk xvdb" "it was last written to at 20..-"
ok "as JSON" fails_json '.good == false and (.items | map(select(.good | not))
    | length == 1 and .[0].what == "disk xvdb" and (.[0].error | contains("written to")))' \
    verify --json "$(cfg ext)"
thawed xvdb.raw
new_image raw xvdb.raw "web xvdb"
truncate -s 2M xvdb.raw
freeze xvdb.raw
ok "one of another size" bad "disk xvdb" "was last written to"
thawed xvdb.raw
rm xvdb.raw
ok "one that is missing" bad "disk xvdb" "its base /srv/web/xvdb.raw is missing"
ok "the other one is looked at all the same" matches '^disk xvda  *good' \
    eval "verify $(cfg ext); true"
new_image raw xvdb.raw "web xvdb"
freeze xvdb.raw
thawed xvdb.raw
touch -d "$before" xvdb.raw
freeze xvdb.raw
ok "as it was, and so its date: good again" good

ok "a process that has a base open for writing" in_use_by_writer
ok "one that reads it does no harm" in_use_by_reader
ok "the domain itself neither" running_is_good
xl rename web other
ok "its uuid under another name" good
xl destroy other

mv "$snapshots/web/ext/domain.cfg" away
ok "the xl.cfg to boot from is gone" bad "domain config" "ext/domain.cfg: No such file"
ok "as JSON" fails_json '.good == false and (.items | map(select(.good | not))
    | length == 1 and .[0].what == "domain config" and (.[0].error | contains("No such file")))' \
    verify --json "$(cfg ext)"
echo 'name = ' >"$snapshots/web/ext/domain.cfg"
ok "or no xl.cfg any more" bad "domain config" "ext/domain.cfg:.* error"
ok "another one will do" good --domain-config web.cfg
sed 's/"web"/"db"/' web.cfg >db.cfg
ok "but not another domain's" bad "domain config" "this is the config of domain db" --domain-config db.cfg
sed "/xvdb/d" web.cfg >one.cfg
ok "nor one without one of its disks" bad "domain config" "disk xvdb: the domain's config" \
    --domain-config one.cfg
ok "nor one with one more" bad "domain config" "disk xvdc: the domain wrote to it" \
    --domain-config "$(with_disk "'/srv/vmlinuz,raw,xvdc,w'")"

xl create web.cfg
sed -i "s,^xen/$(domid_of web)/state.*,xen/$(domid_of web)/state dying,; \,/name web$,d" "$STAND_IN_XEN"
rm /var/lib/xen/userdata-d.*
ok "a domain that is just being destroyed is nothing bad" good --domain-config web.cfg

# --- tags ------------------------------------------------------------------

new_host
define_domain web qcow2 qcow2
create --internal -n tag
name=tag
ok "tags: all is good" good
"$QEMU_IMG" snapshot -c tag xvda.qcow2
ok "a second one of that name" bad "disk xvda" "more than one internal snapshot .tag."
"$QEMU_IMG" snapshot -d tag xvda.qcow2
ok "that is there alone" bad "disk xvda" "its tag was made again"
"$QEMU_IMG" snapshot -d tag xvda.qcow2
ok "a tag that was deleted" bad "disk xvda" "has no internal snapshot .tag.; it was deleted"
sleep 0.01
"$QEMU_IMG" snapshot -c tag xvda.qcow2
ok "one that was made again" bad "disk xvda" "its tag was made again at 20..-"
rm xvdb.qcow2
ok "all that is bad is told" same "$(verify "$(cfg tag)" 2>&1 | grep -c '  BAD ')" 2

new_host
define_domain web qcow2
create --internal -n tag
create --external --update-config=web.cfg -n later
name=tag
ok "a tag in what is a base now" bad "disk xvda" "a revert overwrites /srv/web/xvda.qcow2, which must not"
cp -a xvda.qcow2 copy && thawed xvda.qcow2 && cp -a copy xvda.qcow2
ok "though it has lost its flag" bad "disk xvda" "because it is the base of an external snapshot"
ok "so no revert overwrites it" refuses "and would ruin that" \
    xl snapshot-revert --domain-config web.cfg web "$(cfg tag)"
mkdir elsewhere && cp -a "$snapshots/web/tag" elsewhere/
ok "nor by a copy of its config" refuses "and would ruin that" \
    xl snapshot-revert --domain-config web.cfg web elsewhere/tag/snapshot.cfg
touch xvda.qcow2
ok "nor of a copy without its date" refuses "and would ruin that" \
    xl snapshot-revert --domain-config web.cfg web "$(cfg tag)"
touch -r copy xvda.qcow2
name=later
ok "one that has not is good" good
mv "$snapshots/web/later" elsewhere/
name=tag
ok "a snapshot that was put away has no base" good --domain-config web.cfg
thawed xvda.qcow2
rm -r xvda.qcow2 "$snapshots/web/tag"
define_domain web qcow2
"$QEMU_IMG" resize -q xvda.qcow2 2M
create --internal -n tag
mv elsewhere/later "$snapshots/web/"
ok "nor is another image one that has its path by now" good

# --- memory ----------------------------------------------------------------

new_host
define_domain web qcow2
create --internal -n mem
add_memory mem
name=mem memory=$snapshots/web/mem/memory
ok "with memory: all is good" good
ok "the image has a row" matches "^memory image  *good  $memory" verify "$(cfg mem)"
ok "with the xl.cfg to compare it with, too" lacks BAD verify --domain-config web.cfg "$(cfg mem)"
ok "what it names of the host has a row" matches "^programs  *good" verify "$(cfg mem)"
cp "$memory" whole
truncate -s -1 "$memory"
ok "a byte less" bad "memory image" "truncated; restore it from a copy"
head -c 100 whole >"$memory"
ok "a part of it" bad "memory image" "truncated"
: >"$memory"
ok "nothing" bad "memory image" "truncated"
{ cat whole; echo; } >"$memory"
ok "a byte more" bad "memory image" "has more data after its end"
echo "Some text that is longer than a header of xl save ever was." >"$memory"
ok "something else" bad "memory image" "not a file that xl save wrote"
rm "$memory"
mkfifo "$memory"
ok "a fifo is not waited for" bad "memory image" "neither a file"
rm "$memory"
mkdir "$memory"
ok "nor is a folder read" bad "memory image" "not a file"
rmdir "$memory"
memory_image "$memory" "$(uuid=11111111-2222-3333-4444-555555555555 && image_json web)"
ok "another domain's" bad "memory image" "this is the memory of domain web, uuid 11111111-.* not of"
memory_image "$memory" "{}"
ok "one whose config names no domain" bad "memory image" "the domain's config has no name"
memory_image "$memory" "$(image_json web | jq -c 'del(.disks[0].vdev)')"
ok "one whose config has a disk without a device" bad "memory image" "a disk .* no virtual device"
memory_image "$memory" "$(image_json web | jq -c '.disks += .disks')"
ok "one that lists a disk twice" bad "memory image" "the domain's config lists disk xvda twice"
memory_image "$memory" "$(image_json web |
    jq -c '.disks[0] as $d | .disks = [range(257) | $d + {vdev: "xvd\(.)"}]')"
ok "one with 257 disks" bad "memory image" "the domain's config has 257 disks"
memory_image "$memory" "$(image_json db)"
ok "one of a domain of another name" bad "memory image" \
    "this is the memory of domain db, but the snapshot is of web"
memory_image "$memory" "$(image_json a/../../../x)"
ok "one whose name is a path" bad "memory image" "'a/../../../x': its name has a slash in it"
# libxl's own reader aborts at the first of these, and at the next two ends the process
spoiled() { memory_image "$memory" "$(image_json web | jq -c "$1")"; }
spoiled '.b_info["type.pv"] = {}'
ok "one of two types" bad "memory image" "an object in it has a member twice"
spoiled '.b_info.avail_vcpus = [2147483647]'
ok "one with the largest of vcpus" bad "memory image" "a number that is out of range"
spoiled '.b_info.avail_vcpus = [-100]'
ok "one with a negative one" bad "memory image" "a number that is out of range"
spoiled '.b_info.vcpu_hard_affinity = [[0], [1e30]]'
ok "one with a large one, further in" bad "memory image" "a number that is out of range"
# libxl would write what stands behind this in its memory into its answer
spoiled '.b_info.cpuid = {cpuid: [{leaf: 1, eax: "x1"}], msr: []}'
ok "one with a cpuid of two bits" bad "memory image" "a cpuid register in it has not 32 bits"
spoiled '.b_info.cpuid = {cpuid: [{leaf: 4294967295, eax: ("x" * 32)}], msr: []}'
ok "one with that of no leaf" bad "memory image" "a cpuid register in it .* no leaf"
spoiled '.c_info.type = "hvm"'
ok "one whose types differ" bad "memory image" "it is of two types of domain"
memory_image "$memory" "$(image_json web | sed 's/"name"/"name":"x","name"/')"
ok "one of two names" bad "memory image" "an object in it has a member twice"
spoiled '.disks[0].pdev_path = null'
ok "one whose disk has no image" bad "memory image" "has no image for disk xvda"
spoiled '.disks[0].pdev_path = "/a\nb"'
ok "one whose image has two lines" bad "memory image" "whose path has more than one line"
spoiled '.disks[0].vdev = "../xvda"'
ok "one whose disk has a path for a device" bad "memory image" "which is no virtual device"
spoiled '.dtdevs = [{}]'
ok "one with a device that is none" bad "memory image" "has a device without a path"
spoiled '.p9s = [{"tag": "x"}]'
ok "one with a folder that is none" bad "memory image" "has a device without a path"
spoiled '.disks = [null, 1]'
ok "one whose disks are none" bad "memory image" "no virtual device"
spoiled '.x = [range(300) | {}] | .x |= map([[[[[[[[[[[[[[[.]]]]]]]]]]]]]]])'
ok "one that nests 17 deep" bad "memory image" "it nests too deep"
memory_image "$memory" '5'
ok "a number" bad "memory image" "it is no object"
memory_image "$memory" "$(image_json web | jq -c .) /* so */"
ok "one with a comment" bad "memory image" "it nests too deep, or has too many values"
sed -i 's,^domain = .*,domain = "a/../../../x",' "$(cfg mem)"
memory_image "$memory" "$(image_json a/../../../x)"
ok "one of a name that is a path, as the snapshot says" bad "snapshot config" "has a slash in it"
sed -i 's,^domain = .*,domain = "web",' "$(cfg mem)"
nested() {
    json=$(image_json web | jq -c .)
    printf '{"x":%s%s,%s' "$(printf %"$1"s '' | tr ' ' '[')" "$(printf %"$1"s '' | tr ' ' ']')" \
        "${json#?}"
}
memory_image "$memory" "$(nested 200000)"
ok "one that nests deep is refused at once" bad "memory image" "libxl cannot read the config"
memory_image "$memory" "$(image_json web | jq -c '.disks = [range(340000) | {}]')"
ok "so is one with many values" bad "memory image" "libxl cannot read the config"
memory_image "$memory" "$(image_json web)$(printf %1100000s '')"
ok "one whose config has more than 1 MiB" bad "memory image" "does not contain the domain's config"
memory_image "$memory" "$(image_json web | jq -c '.c_info.name = "we\u0000b"')"
ok "one whose name has a zero byte" bad "memory image" ""
memory_image "$memory" "$(image_json web | jq -c 'del(.disks[0].vdev)')"
xl create web.cfg
ok "the domain's own use of its disks is nothing bad then" bad "memory image" "no virtual device"
xl destroy web
cp whole "$memory"
ok "the right one again" good
echo 'memory_state = "image 5000 0123456789abcdef 0123456789abcdef"' >>"$(cfg mem)"
ok "another than the snapshot's" bad "memory image" "it was last written to at 20..-"
finished
