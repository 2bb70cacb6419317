# SPDX-License-Identifier: LGPL-2.1-only
# Snapshot configs that cannot be used: each is refused in one line that names it, by
# every command that reads it, and nothing happens.
. "$srcdir/tests/command/lib.sh"

# refused TEXT LINE...: a snapshot config of these lines.
refused() {
    said=$1
    shift
    printf '%s\n' "$@" >bad.cfg
    refused_as_it_is "$said"
}
refused_as_it_is() {
    refuses "$1" xl snapshot-verify bad.cfg &&
        refuses "$1" xl snapshot-revert web bad.cfg &&
        refuses "$1" xl snapshot-create --domain-config web.cfg web bad.cfg
}
# changed TEXT SED: the snapshot config that create wrote, changed: a revert refuses it.
changed() {
    sed "$2" "$(cfg s1)" >bad.cfg
    refuses "$1" xl snapshot-revert web bad.cfg
}

define_domain web qcow2 raw
xl snapshot-create --domain-config web.cfg --update-config=web.cfg -n s1 web >/dev/null
remember

# --- syntax ----------------------------------------------------------------

ok "a setting without a value" refused "bad.cfg:" 'name ='
ok "a list that does not end" refused "bad.cfg:" 'disks = [ ",,xvda"'
ok "a string that does not" refused "bad.cfg:" 'name = "s1'
ok "words" refused "bad.cfg:" 'This is a letter to the administrator.'
ok "a key that is misspelt" refused "bad.cfg:2: unknown key 'memroy'" 'name = "s2"' 'memroy = 1'
ok "one in capitals" refused "bad.cfg:1: " 'Name = "s2"'
ok "a list for a string" refused "bad.cfg: \`name' must be a string" 'name = [ "a" ]'
ok "a string for a list" refused "bad.cfg: " 'disks = ",,xvda"'
ok "a list in a list" refused "bad.cfg: an item of \`disks' is not a string" 'disks = [ [ ",,xvda" ] ]'
ok "words for a number" refused "bad.cfg: \`memory' must be a number from 0 to 1" 'memory = "yes"'
ok "a number that is too large" refused "must be a number from 0 to 1" 'memory = 2'
ok "one that is negative" refused "bad.cfg" 'creation_time = -1'
ok "one that no computer has" refused "bad.cfg" 'creation_time = 99999999999999999999999'

# --- what it says ----------------------------------------------------------

ok "a name with a slash" refused "'../../etc'" 'name = "../../etc"'
ok "no name at all" refused "" 'name = ""'
ok "one that is too long" refused "at most 128" "name = \"$(printf %129s '' | tr ' ' a)\""
ok "a uuid that is none" refused "bad.cfg: \`uuid' must be a uuid, not 'web'" 'uuid = "web"'
ok "a type that is none" refused "bad.cfg: \`type' must be pv, pvh or hvm, not 'xen'" 'type = "xen"'
ok "a consistency that is none" refused "must be crash, clean or off" 'consistency = "good"'
ok "memory and no memory" refused "memory=0 and memory_path contradict each other" \
    'memory = 0' 'memory_path = "/srv/memory"'
ok "a disk without a device" refused "no vdev specified in" 'disks = [ "/a,qcow2" ]'
ok "one whose device is none" refused "disk 'cdrom' is no virtual device" \
    'disks = [ ",vdev=cdrom" ]'
ok "one whose device is a specification" refused "is no virtual device" \
    'disks = [ ",vdev=xtarget=b" ]'
ok "one named twice" refused "disk xvda is in \`disks' twice; remove one of them" \
    'disks = [ ",,xvda", "/a,qcow2,xvda" ]'
ok "a format that is none" refused "bad.cfg: disk '/a,ext4,xvda'" 'disks = [ "/a,ext4,xvda" ]'
ok "a disk that is no specification" refused "bad.cfg: disk 'a=b=c'" 'disks = [ "a=b=c" ]'
ok "parents of no disk" refused "\`parents' must name one image for each of \`disks'" \
    'disks = [ ",,xvda" ]' 'parents = [ "/a,qcow2,xvdb" ]'
ok "two of one" refused "\`parents' must name one image for each" 'disks = [ ",,xvda" ]' \
    'parents = [ "/a,qcow2,xvda", "/b,qcow2,xvda" ]'
ok "a driver of no disk" refused "\`drivers' must be a list of VDEV=DRIVER" \
    'drivers = [ "xvda=x" ]'
ok "one without a disk" refused "\`drivers' must be a list of VDEV=DRIVER" \
    'disks = [ ",,xvda" ]' 'drivers = [ "x" ]'
ok "a state of no disk" refused "\`states' must be a list of VDEV=STATE" 'states = [ "xvda=x" ]'
ok "a disk that is there and left out" refused "\`skipped' must list virtual devices that" \
    'disks = [ ",,xvda" ]' 'skipped = [ "xvda" ]'

# --- more than libxlutil can bear ------------------------------------------

# characters NUMBER: a word of that length.
characters() { head -c "$1" /dev/zero | tr '\0' a; }
# disks NUMBER: a list of them.
disks() { seq -f "',,xvda%g'," "$1"; }

ok "a disk of 100,000 characters" refused "bad.cfg: disk '/aaaa" \
    "disks = [ '/$(characters 100000),qcow2,xvda,w' ]"
ok "one whose vdev is" refused "at most 12288 are read" "disks = [ ',,$(characters 20000)' ]"
ok "a parent" refused "at most 12288 are read" 'disks = [ ",,xvda" ]' \
    "parents = [ 'target=/$(characters 20000)' ]"
ok "257 disks" refused "\`disks' has 257 items; no domain has more than 256 disks" \
    "disks = [" "$(disks 257)" "]"
ok "60,000 disks, at once" refused "\`disks' has 60000 items" "disks = [" "$(disks 60000)" "]"
ok "as many left out" refused "\`skipped' has 60000 items" "skipped = [" "$(disks 60000)" "]"

# flood NUMBER FORMAT: that printed so often, with its number. flat: in one line.
flood() { seq -f "$2" "$1"; }
flat() { yes "$2" | head -n "$1" | tr -d '\n'; }
ok "5,000 settings" refused "bad.cfg: has more than 4096 settings" "$(flood 5000 'a%g = 1')"
ok "1,000 that add, each to all before" refused "bad.cfg: has more than 256 settings with +=" \
    "$(flood 1000 'name += "s%g"')"
ok "1,000 lists that do" refused "bad.cfg: has more than 256 settings with +=" \
    "$(flood 1000 'disks += [ ",,xvda%g" ]')"
ok "a disk of 3,000 prefixes" refused "has more than 64 commas and colons" \
    "disks = [ '$(flat 3000 aio:)' ]"
ok "one of 1,200 flags" refused "has more than 64 commas and colons" \
    "disks = [ '/a,qcow2,xvda$(flat 1200 ', discard')' ]"
ok "a path may have as many commas" refused "must name one image for each" \
    "disks = [ 'format=qcow2,vdev=xvda,access=rw,target=/$(flat 3000 ,)a' ]" \
    'parents = [ ",,xvdb" ]'

# xl_cfg TEXT LINE...: an xl.cfg of these lines.
xl_cfg() {
    said=$1
    shift
    printf '%s\n' 'name = "web"' "$@" >bad.cfg
    refuses "$said" xl snapshot-create --domain-config bad.cfg -n s2 web &&
        refuses "$said" xl snapshot-create --domain-config web.cfg --update-config=bad.cfg --external -n s2 web
}
ok "an xl.cfg with such a disk" xl_cfg "at most 12288 are read" \
    "disk = [ '/srv/$(characters 20000),qcow2,xvda,w' ]"
ok "one with 257" xl_cfg "bad.cfg: \`disk' has 257 items" "disk = [" "$(disks 257)" "]"
ok "one of 5,000 settings" xl_cfg "bad.cfg: has more than 4096 settings" \
    "$(flood 5000 'a%g = 1')"
ok "one that adds 1,000 times" xl_cfg "bad.cfg: has more than 256 settings with +=" \
    "$(flood 1000 'extra += "s%g"')"
ends_in_comment() {
    { printf 'name = "web"\n'; flood 100000 '# %g' | tr '\n' ' '; } >bad.cfg
    refuses "bad.cfg: its last line, a comment, does not end" xl snapshot-create --domain-config bad.cfg -n s2 web
}
ok "one that ends in a comment of 100,000 signs" ends_in_comment
for address in 1:2 00:1b 0000:00:1b bdf=00:1b vslot=5,bdf=1:2, abc:def=1; do
    { cat web.cfg; echo "pci = [ '$address' ]"; } >bad.cfg
    ok "a PCI device at $address" \
        refuses "bad.cfg: pci '$address': an address is [DOMAIN:]BUS:DEVICE.FUNCTION" \
        xl snapshot-create --domain-config bad.cfg -n s2 web
done
ok "one whose disk is a list" xl_cfg "bad.cfg" \
    "disk = [ [ '/srv/a,qcow2,xvda,w' ] ]"
rm bad.cfg

# --- the file --------------------------------------------------------------

rm bad.cfg
ok "none" refused_as_it_is "bad.cfg: "
mkdir bad.cfg
ok "a folder" refused_as_it_is "bad.cfg: "
rmdir bad.cfg
yes '# all work and no play' | head -c 1048577 >bad.cfg
ok "more than 1 MiB" refused_as_it_is "bad.cfg: "
printf 'name = "s2"\n\0' >bad.cfg
ok "a zero byte" refused_as_it_is "bad.cfg"
head -c 4096 /dev/urandom >bad.cfg
ok "noise" refused_as_it_is "bad.cfg"
rm bad.cfg
ln -s bad.cfg bad.cfg
ok "a link to itself" refused_as_it_is "bad.cfg: "
rm bad.cfg
: >bad.cfg
ok "an empty one describes no snapshot" fails 1 "snapshot without a name cannot be" \
    xl snapshot-verify bad.cfg

# --- one that create wrote, and somebody edited ----------------------------

ok "no name" changed "name" '/^name/d'
ok "no domain" changed "the snapshot is of domain (no name)" '/^domain =/d'
ok "neither memory nor none" changed "does not say memory=0" '/^memory/d'
ok "no parents" changed "disk xvda: the snapshot config does not say what holds its state" \
    '/^parents/,/^]/d'
ok "one parent" changed "disk xvdb: the snapshot config does not say" '/vdev=xvdb.*xvdb.raw/d'
ok "no disk of the domain's" changed "the domain wrote to it" '/xvdb/d'
ok "a driver that is none" changed "there is no driver 'magic'" 's/xvda=qcow2-overlay/xvda=magic/'
ok "one of the other kind" changed "there is no driver 'qcow2-internal' for external snapshots" \
    's/xvda=qcow2-overlay/xvda=qcow2-internal/'
ok "a base that is another file" changed "has changed since the snapshot" \
    's,target=/srv/web/xvda.qcow2,target=/srv/web/xvda.s1.qcow2,'
ok "a domain that is another" changed "web" 's/^domain = .*/domain = "db"/'
ok "a base by a relative path" changed "disk xvda: the snapshot config names 'xvda.qcow2', which \
is not an absolute path" 's,target=/srv/web/xvda.qcow2,target=xvda.qcow2,'
ok "an xl.cfg by one" changed "domain config: the snapshot config names 'domain.cfg'" \
    's,^domain_config = .*,domain_config = "domain.cfg",'
ok "memory by one" changed "memory image: the snapshot config names 'memory'" \
    's,^memory = 0,memory_path = "memory",; /^consistency/d; /^domain_config/d'
# the file of passwords is no config, and not shown to whoever names it
printf 'root:$y$j9T$secret:19000:0:99999:7:::\n' >bad.cfg
keeps_secret() {
    fails 1 "bad.cfg:1: config parsing error: " "$@" && ! grep -q secret "$hidden/error"
}
ok "a secret is not quoted as a snapshot config" keeps_secret xl snapshot-verify bad.cfg
ok "as that of a create" keeps_secret xl snapshot-create --domain-config web.cfg web bad.cfg
ok "as an xl.cfg" keeps_secret xl snapshot-create --domain-config bad.cfg -n s2 web
rm -f bad.cfg
ok "nothing has changed by all this" unchanged
finished
