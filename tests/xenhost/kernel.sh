# shellcheck shell=bash
# What is done to the kernel of a guest, Debian's or our own, so that it starts
# quickly under TCG.

# Cuts the zeros off the end of the last segment of an ELF file; it ends in
# 24 MB of them, which Xen and libxl would copy.
drop_zeros() {
    # shellcheck disable=SC2016
    perl -e '
        open(F, "+<", $ARGV[0]) && sysread(F, $elf, -s F) or die;
        ($phoff, $size, $count) = (unpack("Q", substr($elf, 32, 8)),
                                   unpack("vv", substr($elf, 54, 4)));
        for (0 .. $count - 1) {
            $at = $phoff + $_ * $size;
            ($type, $offset, $len) = unpack("L x4 Q x16 Q", substr($elf, $at, 40));
            ($last, $start, $filesz) = ($at, $offset, $len)
                if $type == 1 && $offset >= ($start // 0);
        }
        ($data = substr($elf, $start, $filesz)) =~ s/\0+\z//;
        substr($elf, $last + 32, 8) = pack("Q", length $data);
        substr($elf, 40, 8) = pack("Q", 0);               # no sections
        substr($elf, 58, 6) = pack("vvv", 64, 0, 0);
        sysseek(F, 0, 0);
        syswrite(F, substr($elf, 0, $start + length $data));
        truncate(F, $start + length $data);' "$1"
}

# Of folder $1, which has vmlinux, as linked: makes it what PV and PVH guests boot
# (uncompressed: Xen and libxl would take 10 seconds at every boot), and vmlinux.flat
# what an HVM guest has at the address, see guest/hvmboot.S.
prepare_kernel() {
    readelf -lW "$1/vmlinux" | awk '/LOAD/ { print $4; exit }' > "$1/address"
    objcopy -O binary "$1/vmlinux" "$1/vmlinux.flat"
    perl -0777 -pi -e 's/\0+\z//' "$1/vmlinux.flat"
    strip "$1/vmlinux"
    drop_zeros "$1/vmlinux"
}

# The real-mode part of bzImage $1, see Documentation/x86/boot.rst.
setup_of() { head -c $((($(od -An -tu1 -j $((0x1f1)) -N 1 "$1") + 1) * 512)) "$1"; }
