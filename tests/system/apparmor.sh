#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The profile for AppArmor, loaded: the commands work as without it, the kernel refuses
# them nothing, and qemu-img can read no secret.
. "$(dirname "$0")/snapshot.sh"

profile=/usr/local/etc/apparmor.d/xl-snapshot

load() {
    mountpoint -q /sys/kernel/security || {
        mount -t securityfs securityfs /sys/kernel/security
        cleanup_fn umount /sys/kernel/security
    }
    cleanup_fn apparmor_parser -R $profile
    apparmor_parser -r $profile && grep '^xl-snapshot (enforce)' /sys/kernel/security/apparmor/profiles
}
refused() { dmesg | sed -n "/$$-begin/,\$p" | grep 'apparmor="DENIED"'; }
nothing_refused() { ! refused; }
secret() { aa-exec -p xl-snapshot//qemu-img -- qemu-img info -f raw /etc/shadow; }

ok "the profile is loaded" load
echo "$$-begin" > /dev/kmsg

new_snapshot_domain vm qcow2:64M raw:4M
ticking vm
before=$(tick vm)
ok "an external snapshot" xl snapshot-create --external -n e vm
after=$(tick vm)
ok "is verified" xl snapshot-verify "$(cfg vm e)"
ok "and reverted to" revert vm e
ok "the guest is back" back_at vm "$before" "$after"
# it is called with root's words, and tells who has called it
cat > /srv/vm/quiesce << END
#!/bin/sh
cat /proc/\$PPID/attr/current >> $_tmp/confined
END
chmod 755 /srv/vm/quiesce
ok "disks alone, with a command that freezes the guest" \
    xl snapshot-create --disk-only --quiesce-command=/srv/vm/quiesce -n q vm
ok "which ran under the profile" grep '^xl-snapshot (enforce)' "$_tmp/confined"
remove_domain vm

new_snapshot_domain tags qcow2:64M
ticking tags
before=$(tick tags)
ok "an internal snapshot" xl snapshot-create --internal -n i tags
after=$(tick tags)
ok "is reverted to" revert tags i
ok "the guest is back" back_at tags "$before" "$after"
ok "it is listed" says '^i ' xl snapshot-list tags
xl destroy tags
# a qemu-img of another command, under its profile, has the image open
aa-exec -p xl-snapshot//qemu-img -- qemu-img bench -w -c 1000000000 -f qcow2 \
    /srv/tags/xvda.qcow2 > /dev/null 2>&1 &
img=$!
cleanup_fn kill -KILL $img
until_ok 30 grep -q ^xl-snapshot//qemu-img /proc/$img/attr/current
ok "one that works on an image is seen" mustfail "in use by qemu-img (pid $img)" \
    xl snapshot-create --disk-only --internal -n busy --domain-config /srv/tags/tags.cfg tags
ok "and can be ended" kill -KILL $img
ok "a domain that is off, disks only" xl snapshot-create --disk-only --external -n off \
    --domain-config /srv/tags/tags.cfg tags
ok "the kernel has refused nothing" nothing_refused

ok "qemu-img under its profile reads an image" \
    aa-exec -p xl-snapshot//qemu-img -- qemu-img info -f qcow2 /srv/tags/xvda.qcow2
ok "but no secret" not secret
ok "which the kernel tells" refused
