# SPDX-License-Identifier: LGPL-2.1-only
# Devices that hold state of which no snapshot is taken: refused by create and revert,
# unless --skip-unsupported leaves them out.
. "$srcdir/tests/command/lib.sh"

# create FILE [OPTION...]: of the domain that does not run and has that xl.cfg.
create() {
    create_from=$1
    shift
    xl snapshot-create --domain-config "$create_from" --internal "$@" web
}
not_taken() {
    remember
    refuses "$1: no snapshot has what it holds" create devices.cfg && unchanged
}
# with SETTING...: writes devices.cfg, a copy of web.cfg that has these as well.
with() {
    { cat web.cfg; printf '%s\n' "$@"; } >devices.cfg
}
# holds DEVICE SETTING...: with these, the domain is refused because of that device.
holds() {
    holder=$1
    shift
    with "$@"
    not_taken "$holder"
}
harmless() {
    with "$@"
    create devices.cfg -N
}
json_of_web() { echo /var/lib/xen/userdata-d.*."$uuid.libxl-json"; }

define_domain web qcow2

# --- a domain that does not run --------------------------------------------

ok "a PCI device" holds "pci 0000:03:00.1" "pci = [ '03:00.1,permissive=1' ]"
ok "one of several" holds "pci 0001:03:0a.0" "pci = [ '0001:03:0a.0@5', '04:00.0' ]"
ok "a USB device of the host" holds "usbdev 1.6" \
    "usbctrl = [ 'version=2' ]" "usbdev = [ 'type=hostdev, hostbus=1, hostaddr=6' ]"
ok "a device of the device tree" holds "dtdev /soc/mmc@1" "dtdev = [ '/soc/mmc@1' ]"
ok "a virtual TPM" holds "vtpm tpm-of-web" "vtpm = [ 'backend=tpm-of-web' ]"
ok "a folder of the host" holds "p9 /srv/share" \
    "p9 = [ 'tag=share, path=/srv/share, security_model=none' ]"
ok "a disk that QEMU alone knows" holds "device_model_args -drive file=/srv/x.img,if=scsi" \
    "device_model_args = [ '-m', '5', '-drive', 'file=/srv/x.img,if=scsi' ]"
ok "a floppy" holds "device_model_args_hvm -fda /srv/x.img" \
    "device_model_args_hvm = [ '-fda', '/srv/x.img' ]"
ok "a node of QEMU's" holds "device_model_args_pv -blockdev file,filename=/srv/x.img" \
    "device_model_args_pv = [ '--blockdev', 'file,filename=/srv/x.img' ]"
ok "a device that QEMU passes through" holds "device_model_args -device usb-host,hostbus=1" \
    "device_model_args = [ '-device', 'usb-host,hostbus=1' ]"
ok "a USB stick as of old" holds "usbdevice disk:/srv/x.img" \
    'type = "hvm"' "usbdevice = 'disk:/srv/x.img'"
ok "in a list" holds "usbdevice host:1234:5678" \
    'type = "hvm"' "usbdevice = [ 'tablet', 'host:1234:5678' ]"
ok "a mouse holds nothing" harmless 'type = "hvm"' "usbdevice = [ 'tablet', 'mouse' ]"
ok "nor does what is only read" harmless "device_model_args = [ '-drive', \
    'file=/srv/x.iso,media=cdrom', '-drive', 'file=/srv/x.img,readonly=on', '-cdrom', \
    '/srv/x.iso', '-device', 'usb-tablet' ]"
ok "nor an empty list" harmless "pci = [ ]" "usbdev = [ ]"
ok "one that xl would not take" fails 1 "not the config of a domain" \
    harmless "pci = [ 'third' ]"

with "pci = [ '03:00.1', '04:00.0' ]" "dtdev = [ '/soc/mmc@1' ]"
ok "left out for those who know" says "  pci 0000:03:00.1  left out: no snapshot can be taken of it" \
    create devices.cfg -n s1 --skip-unsupported
ok "all of them" grep -q "  dtdev /soc/mmc@1  left out" "$hidden/out"
ok "and said at the revert" grep -qx "Revert with: xl snapshot-revert --skip-unsupported web s1" \
    "$hidden/out"
ok "which is on record" grep -qx '    "pci 0000:04:00.0",' "$(cfg s1)"
ok "a revert needs the same" refuses "pci 0000:03:00.1: no snapshot has what it holds" \
    xl snapshot-revert web "$(cfg s1)"
ok "a verification says so" fails 1 "cannot be reverted to" xl snapshot-verify "$(cfg s1)"
ok "and why" grep -q "BAD   pci 0000:03:00.1: no snapshot has what it holds" "$hidden/out"
ok "not if it is told" xl snapshot-verify --skip-unsupported "$(cfg s1)"
ok "as a revert is" says "  pci 0000:03:00.1  unchanged: the snapshot left it out" \
    xl snapshot-revert --skip-unsupported web "$(cfg s1)"
xl destroy web

# --- memory ----------------------------------------------------------------

create web.cfg -n s2 >/dev/null
add_memory s2
memory_image "$snapshots/web/s2/memory" "$(image_json web |
    sed 's/^"disks"/"pcidevs":[{"dev":0,"bus":3}],&/')"
ok "a memory image with a device" refuses "pci 0000:03:00.0: no snapshot has what it holds" \
    xl snapshot-revert web "$(cfg s2)"
ok "or that device, which no config of the domain has" refuses "in its config pci is 0:3:0:0" \
    xl snapshot-revert --skip-unsupported web "$(cfg s2)"
ok "is restored if that is wanted" \
    xl snapshot-revert --skip-unsupported --accept-config web "$(cfg s2)"
xl destroy web

# --- a domain that runs ----------------------------------------------------

new_host
define_domain web file
mkdir -p /etc/xen/snapshot.d
cp "$srcdir/tools/hooks/copy" /etc/xen/snapshot.d/
xl create web.cfg
sed -i 's/"max_vcpus"/"extra":["-hda","x.img"],&/' $(json_of_web)
ok "the stored config counts" refuses "device_model_args -hda x.img: no snapshot has" \
    xl snapshot-create --disk-only -n s1 web
sed -i 's/"extra":[^]]*],//' $(json_of_web)
with "pci = [ '03:00.1' ]"
ok "and the xl.cfg that is kept" refuses "pci 0000:03:00.1: no snapshot has" \
    xl snapshot-create --disk-only --domain-config devices.cfg -n s1 web
ok "without it there is none" xl snapshot-create --disk-only -n s1 web
finished
