# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot, from elsewhere, whose images are not the domain's: files and devices of the
# host, or of other guests, that its guest would get.
. "$srcdir/tests/command/lib.sh"

revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
verify() { xl snapshot-verify "$@" "$(cfg s1)"; }
# refused WORDS: so a revert is, and so says a verification, and nothing has happened.
refused() {
    remember
    fails 1 "$1" revert && refuses "$1" revert -N && fails 1 "cannot be reverted to" verify &&
        grep -qF "$1" "$hidden/out" && unchanged
}
taken() { lacks BAD verify "$@" && says "Nothing was changed" revert -N "$@"; }
# is_of DRIVER FORMAT IMAGE: s1 says that xvda is that; without a state of it.
is_of() {
    cat >"$(cfg s1)" <<END
name = "s1"
domain = "web"
uuid = "$uuid"
type = "pvh"
memory_path = "$snapshots/web/s1/memory"
disks = [ 'format=qcow2,vdev=xvda,access=rw,target=/srv/web/new.qcow2' ]
parents = [ 'format=$2,vdev=xvda,access=rw,target=$3' ]
drivers = [ 'xvda=$1' ]
END
}
# with_cfg WORDS COMMAND...: the same when the domain's xl.cfg is found.
with_cfg() {
    cp web.cfg /etc/xen/web.cfg
    "$@"
    set -- $?
    rm /etc/xen/web.cfg
    return "$1"
}

define_domain web qcow2
xl snapshot-create --domain-config web.cfg --external -n s1 web >/dev/null
add_memory s1
ok "the snapshot's own are known by their states" taken
cp "$(cfg s1)" "$hidden/s1.cfg"
umask 077
mkdir /srv/host
truncate -s 1M /srv/host/shadow
umask 022

# --- what the snapshot config names ------------------------------------------

says_who() {
    echo "disk xvda: nothing but the snapshot config says that $1 belongs to domain web"
}
is_of qcow2-overlay raw /srv/host/shadow
ok "a secret of the host" refused "$(says_who /srv/host/shadow)"
ok "whatever the domain's xl.cfg is" with_cfg refused "$(says_who /srv/host/shadow)"
ok "it is not frozen" same "$(lsattr -d /srv/host/shadow | cut -c5)" -
ok "unless a person says that it is right" taken --accept-config
chmod 755 /srv/host && chmod 644 /srv/host/shadow
ok "one that everybody may read" refused "$(says_who /srv/host/shadow)"
chmod 700 /srv/host && chmod 600 /srv/host/shadow
echo "states = [ 'xvda=file 1048576 1700000000.000000000 0123456789abcdef' ]" >>"$(cfg s1)"
ok "whoever has not seen it cannot write its state" refused "has changed since the snapshot"
is_of qcow2-overlay qcow2 /srv/web/xvda.qcow2
ok "the domain's own image, of which there is no state" refused "$(says_who /srv/web/xvda.qcow2)"
ok "is known by its xl.cfg" with_cfg taken
ok "by one that is named" taken --domain-config=/srv/web/web.cfg
xl create /srv/web/web.cfg >/dev/null
ok "and by the domain that runs" taken
xl destroy web
sed 's/xvda.qcow2/xvda.s1.qcow2/' web.cfg >now.cfg
ok "also if that stands on it" taken --domain-config=/srv/web/now.cfg

# --- what an image names -----------------------------------------------------

# stands_on BASE [OPTION...]: the image of which s1 was taken does; its state is known.
stands_on() {
    base=$1
    shift
    new_host
    define_domain web qcow2
    mkdir -m 700 /srv/host
    truncate -s 1M /srv/host/shadow
    ln -s /srv/host/shadow /srv/web/link
    cp /srv/host/shadow /srv/web/beside
    chmod 600 /srv/host/shadow /srv/web/beside
    "$QEMU_IMG" create -q -f qcow2 -F raw -b "$base" "$@" /srv/web/xvda.qcow2
    xl snapshot-create --domain-config web.cfg --external -n s1 web >/dev/null
}
says_base() {
    echo "disk xvda: nothing but the image $1 says that $2 belongs to domain web"
}
stands_on /srv/host/shadow
ok "a base in another folder" refused "$(says_base /srv/web/xvda.qcow2 /srv/host/shadow)"
ok "is known by the xl.cfg" with_cfg taken
ok "or by a person" taken --accept-config
chmod 644 /srv/host/shadow && chmod 755 /srv/host
ok "one that everybody may read is no secret" taken
stands_on beside
ok "one in the folder of the image is its own" taken
stands_on link
ok "but a link there is not" refused "$(says_base /srv/web/xvda.qcow2 /srv/web/link)"

new_host
define_domain web qcow2
mkdir -m 700 /srv/fast
chmod 700 /srv/web
echo "disks = [ '/srv/fast/xvda.qcow2,qcow2,xvda' ]" >fast
xl snapshot-create --domain-config web.cfg -n s0 web fast >/dev/null
sed 's,web/xvda.qcow2,fast/xvda.qcow2,' web.cfg >now.cfg
xl snapshot-create --domain-config now.cfg --external -n s1 web >/dev/null
ok "a base of another snapshot is known by that" taken
sed -i '/^states/,/]/d' "$(cfg s0)"
ok "by its state" refused "$(says_base /srv/fast/xvda.qcow2 /srv/web/xvda.qcow2)"
finished
