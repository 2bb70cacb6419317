# SPDX-License-Identifier: LGPL-2.1-only
# A memory image whose config names a program, an argument, a file or a device of the
# host that the domain did not have: nothing of it is run or opened.
. "$srcdir/tests/command/lib.sh"

revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
verify() { xl snapshot-verify "$@" "$(cfg s1)"; }

# image_with FILTER: the memory of s1 has the domain's config, changed by that, of jq.
image_with() {
    memory_image "$snapshots/web/s1/memory" "$(image_json web | jq -c "$1")"
}
# refused FILTER WHAT REFERENCE: with that the revert is refused, and so says a
# verification, and that alone.
refused() {
    image_with "$1"
    remember
    fails 1 "in its config $2, $3" revert && refuses "in its config $2, $3" revert -N &&
        fails 1 "cannot be reverted to" verify &&
        same "$(grep -c '  BAD ' "$hidden/out")" 1 &&
        grep -q "^programs  *BAD .*in its config $2" "$hidden/out" && unchanged
}
taken() {
    image_with "$1"
    lacks BAD verify && says "Nothing was changed" revert -N
}

define_domain web qcow2
xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
add_memory s1
evil=$hidden/evil
printf '#!/bin/sh\ntouch /srv/proof\n' >"$evil"
chmod +x "$evil"
cp "$evil" "$evil.2"
umask 077
echo secret >/srv/secret
umask 022

# --- a domain that does not run, and whose xl.cfg nobody has named -----------

none="and there is no other config of domain web to compare that with; xl and QEMU would act on \
it as root. Name the domain's xl.cfg with --domain-config, or if all of it is right, use --accept-config"
ok "what names nothing is taken" taken .
ok "a program in the place of QEMU" refused ".b_info.device_model = \"$evil\"" \
    "device_model_override is $evil" "$none"
ok "arguments for it" refused '.b_info.extra = ["-monitor", "tcp::4444,server"]' \
    "device_model_args is -monitor tcp::4444,server" "$none"
ok "a script of a disk's" refused ".disks[0].script = \"$evil\"" "disk script is $evil" "$none"
ok "by a way around" refused '.disks[0].script = "../../../srv/evil"' \
    "disk script is ../../../srv/evil" "$none"
ok "of a network's" refused ".nics = [{\"script\": \"$evil\"}]" "vif script is $evil" "$none"
ok "a bootloader" refused ".b_info.bootloader = \"$evil\"" "bootloader is $evil" "$none"
ok "its arguments" refused '.b_info.bootloader_args = ["--x"]' "bootloader_args is --x" "$none"
ok "a ramdisk that not everybody may read" refused '.b_info.ramdisk = "/srv/secret"' \
    "ramdisk is /srv/secret" "$none"
ok "a CD of that kind" refused '.disks += [{"pdev_path": "/srv/secret", "vdev": "hdc",
    "format": "raw", "backend": "qdisk", "is_cdrom": 1, "removable": 1}]' \
    "disk target is /srv/secret" "$none"
cp "$(cfg s1)" "$hidden/s1.cfg"
echo "skipped = [ 'xvdz' ]" >>"$(cfg s1)"
image_with '.disks += [{"pdev_path": "/srv/vmlinuz", "vdev": "xvdz", "format": "raw",
    "backend": "qdisk", "readwrite": 1}]'
ok "a disk that is left out, on a file that everybody may read, and writable" \
    refuses "in its config writable disk target is /srv/vmlinuz, $none" revert -N --skip-unsupported
ok "which a person may want" says "Nothing was changed" revert -N --skip-unsupported --accept-config
cp "$hidden/s1.cfg" "$(cfg s1)"
image_with '.disks += [{"pdev_path": "/srv/vmlinuz", "vdev": "hdc", "format": "raw",
    "backend": "phy", "readwrite": 1, "is_cdrom": 1}]'
ok "a CD is never writable" refuses "has a CD, disk hdc, that the guest may write to" revert -N
ok "a device of the host" refused '.b_info.ioports = [{"first": 112, "number": 2}]' \
    "ioports is 112:2" "$none"
image_with '.pcidevs = [{"name": "gpu"}]'
ok "one that is known by its name alone" refuses "pci is 0:0:0:0 name=gpu, $none" \
    revert -N --skip-unsupported
ok "a domain that serves a device" refused '.nics = [{"backend_domid": 7}]' \
    "vif backend is 7" "$none"
ok "a socket of a channel" refused '.channels = [{"name": "a",
    "connection.socket": {"path": "/etc/passwd"}}]' "channel path is /etc/passwd" "$none"
ok "a kernel that is missing" refused '.b_info.kernel = "/boot/gone"' \
    "kernel is /boot/gone (missing)" "$none"
# what is told of one alone may hide the others
many=".b_info.device_model = \"$evil\" | .b_info.extra = [\"-a\"] | .nics = [range(9) | {\"script\": \"/srv/\\(.)\"}]"
image_with "$many"
ok "a revert tells of several" refuses "in its config device_model_override is $evil; device_model_args \
is -a; vif script is /srv/0; vif script is /srv/1; vif script is /srv/2; vif script is /srv/3; vif script \
is /srv/4; vif script is /srv/5; and 3 more, see xl snapshot-verify, $none" revert -N
fails 1 "" verify
ok "a verification of all, a line for each" same "$(grep -c '^programs  *BAD ' "$hidden/out")" 11
ok "in JSON, too" same "$(xl snapshot-verify --json "$(cfg s1)" 2>/dev/null |
    jq '[.items[] | select(.what == "programs" and .error)] | length')" 11
accepted() { says "  accepted  in the snapshot's config $1 is $2" revert -N --accept-config; }
ok "who accepts it is shown what" accepted device_model_override "$evil"
ok "the last, too" accepted "vif script" /srv/8
ok "in JSON, too" same "$(revert -N --json --accept-config | jq '.accepted | length')" 11
ok "what Xen has is no harm" taken '.nics = [{"script": "vif-openvswitch", "bridge": "xenbr1",
    "model": "e1000", "ifname": "web.0", "mac": "00:16:3e:00:00:01"},
    {"script": "/etc/xen/scripts/vif-route"}] | .b_info.kernel = "/srv/vmlinuz" |
    .b_info.bootloader = "pygrub" | .channels = [{"name": "org.qemu.guest_agent.0",
    "connection.socket": {"path": "/run/xen/web.agent"}}]'
ok "nothing was run" absent /srv/proof

# --- with its xl.cfg ---------------------------------------------------------

model() { echo ".b_info.device_model = \"$1\""; }
as_in() { echo "other than that of $1; xl and QEMU would act on this as root. If all of it is right, since \
the domain was changed after the snapshot, use --accept-config"; }
named() {
    sed "\$a device_model_override = \"$2\"" web.cfg >"$1"
}
named own.cfg "$evil"
image_with "$(model "$evil")"
ok "what the xl.cfg names is taken" says "Nothing was changed" revert -N --domain-config=own.cfg
ok "by a verification, too" lacks BAD verify --domain-config=own.cfg
ok "what another one names is not" fails 1 "$(as_in /srv/web/web.cfg)" \
    revert --domain-config=web.cfg
image_with .
ok "one that is missing is not passed over" refuses "absent.cfg: No such file" \
    revert -N --domain-config=absent.cfg
ok "by a verification, too" fails 1 "absent.cfg: No such file" verify --domain-config=absent.cfg
sed 's/^name.*/name = "db"/' web.cfg >db.cfg
not_of="db.cfg: this is the config of domain db, but the snapshot is of web"
ok "nor one of another domain" refuses "$not_of" revert -N --domain-config=db.cfg
ok "by a verification, too" fails 1 "$not_of" verify --domain-config=db.cfg
image_with "$(model "$evil")"
named /etc/xen/web.cfg "$evil"
ok "the one in Xen's folder is found" says "Nothing was changed" revert -N
named /etc/xen/web.cfg "/usr/bin/qemu"
ok "and compared" refused "$(model "$evil")" "device_model_override is $evil" "$(as_in /etc/xen/web.cfg)"
sed -i 's/^name.*/name = "db"/' /etc/xen/web.cfg
ok "one of another domain tells nothing" refused "$(model "$evil")" "device_model_override is $evil" \
    "and there is no other config of domain web to compare that with (/etc/xen/web.cfg: this is \
the config of domain db, not of web)"
echo "(" >/etc/xen/web.cfg
STAND_IN_XL="cannot read"
export STAND_IN_XL
ok "nor one that xl cannot read" refused "$(model "$evil")" "device_model_override is $evil" \
    "and there is no other config of domain web to compare that with (/etc/xen/web.cfg: $here/stand-in/xl failed with status 1: xl: /etc/xen/web.cfg: config parsing error"
ok "which is no matter where nothing is named" taken .
unset STAND_IN_XL
rm /etc/xen/web.cfg
ok "a person may say that it is right" says "Nothing was changed" revert -N --accept-config
ok "to a verification, too" lacks BAD verify --accept-config

# --- of a domain that runs ---------------------------------------------------

xl create own.cfg
image_with "$(model "$evil")"
ok "what the domain has is taken" says "Nothing was changed" revert -N
ok "another program is not" refused "$(model "$evil.2")" "device_model_override is $evil.2" \
    "$(as_in "the domain that runs")"
ok "it runs on" same "$(state_of web)" ''
ok "and nothing was run" absent /srv/proof
image_with "$(model "$evil")"
ok "it is reverted" says "is back at snapshot s1" revert
image_with "$(model "$evil.2")"
ok "to another program, too, and that is told" \
    says "accepted  in the snapshot's config device_model_override is $evil.2" revert --accept-config --force

# --- a snapshot without memory, whose xl.cfg was kept with it ------------------

# kept_with LINE...: the xl.cfg that is kept with s1 has these lines, too.
kept_with() {
    { cat web.cfg; printf '%s\n' "$@"; } >"$snapshots/web/s1/domain.cfg"
}
new_host
define_domain web qcow2
xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
ok "what names nothing is taken" lacks BAD verify
kept_with "device_model_override = \"$evil\""
remember
ok "a program in the place of QEMU is not" fails 1 "$snapshots/web/s1/domain.cfg: in it \
device_model_override is $evil, $none" revert
ok "a verification says it" fails 1 "cannot be reverted to" verify
ok "and that alone" matches "^programs  *BAD .*device_model_override is $evil" eval "verify; true"
ok "nothing has happened" unchanged
named own.cfg "$evil"
ok "what the user names is taken" says "Nothing was changed" revert -N --domain-config=own.cfg
mv own.cfg /etc/xen/web.cfg
ok "so is what the domain has" says "Nothing was changed" revert -N
kept_with "device_model_override = \"$evil.2\""
ok "not another one" refuses "device_model_override is $evil.2, $(as_in /etc/xen/web.cfg)" revert -N
ok "unless a person says so" says "Nothing was changed" revert -N --accept-config
rm /etc/xen/web.cfg
kept_with 'kernel = "/srv/vmlinuz"' 'ramdisk = "/srv/secret"'
umask 077
echo secret >/srv/secret
umask 022
ok "a file that not everybody may read" refuses "ramdisk is /srv/secret, $none" revert -N
xl create web.cfg
kept_with "device_model_override = \"$evil\""
ok "it is compared with the domain that runs" refuses "$(as_in "the domain that runs")" revert -N
xl destroy web
STAND_IN_XL="cannot read"
export STAND_IN_XL
kept_with
ok "one that xl cannot read brings no domain back" refuses "config parsing error" revert -N
unset STAND_IN_XL
printf '#!/bin/sh\ncase $* in *-n*) echo "(domain"; exit;; esac; exec %s "$@"\n' "$XL_SNAPSHOT_XL" >/srv/xl
chmod +x /srv/xl
real=$XL_SNAPSHOT_XL
XL_SNAPSHOT_XL=/srv/xl
ok "nor one that xl prints as sxp" refuses 'set output_format="json"' revert -N
XL_SNAPSHOT_XL=$real
ok "nothing was run" absent /srv/proof
ok "when it is whole it does" says "is back at snapshot s1" revert
finished
