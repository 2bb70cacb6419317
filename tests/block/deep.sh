# SPDX-License-Identifier: LGPL-2.1-only
# A deep chain is read layer by layer, each once, since a layer names the next one.
. "$srcdir/tests/block/lib.sh"

# chain_of DEPTH: layers 0 (raw) to DEPTH
chain_of() {
    base=0 format=raw
    truncate -s 16M 0
    while [ "$base" -lt "$1" ]; do
        qemu-img create -q -f qcow2 -u -b "$work/$base" -F "$format" \
            $((base + 1)) 16M || exit 1
        base=$((base + 1)) format=qcow2
    done
}

chain_of 200
mkdir bin
: >heads
printf '#!/bin/sh\necho x >>"%s/runs"\nexec %s "$@"\n' "$work" \
    "$(command -v qemu-img)" >bin/qemu-img
printf '#!/bin/sh\necho x >>"%s/heads"\nexec %s "$@"\n' "$work" "$(command -v head)" >bin/head
chmod +x bin/qemu-img bin/head
# at_hand FILE: the kernel tells what it has of it, without waiting for the storage.
at_hand() {
    python3 - "$1" 2>/dev/null <<END
import os, sys
os.preadv(os.open(sys.argv[1], os.O_RDONLY), [bytearray(64)], 0, os.RWF_NOWAIT)
END
}
if at_hand 50; then heads=0; else heads=50; fi
PATH=$work/bin:$PATH "$run_plan" --chain qcow2 "$work/50" >chain
ok "a chain of 51 layers" same "$(wc -l <chain)" 51
ok "active first" same "$(head -n 1 chain)" "$work/50 qcow2 0"
ok "the raw base last" same "$(tail -n 1 chain)" "$work/0 raw 0"
ok "each is read once" same "$(wc -l <runs)" 51
ok "its header by no program, where the kernel has it" same "$(wc -l <heads)" $heads
PATH=$work/bin:$PATH "$run_plan" --chain qcow2 "$work/200" >chain
ok "four times as deep, too" same "$(wc -l <runs)" $((51 + 201))
ok "and all layers are there" same "$(wc -l <chain)" 201

qemu-img snapshot -c t1 2
ok "tags are counted" same "$("$run_plan" --chain qcow2 "$work/3" | sed -n 2p)" \
    "$work/2 qcow2 1"
rm 25
ok "a missing layer is an error" sh -c \
    "! '$run_plan' --chain qcow2 '$work/50' 2>error && grep -q '$work/25' error"
qemu-img rebase -u -f qcow2 -b "$work/3" -F qcow2 1
ok "so is a chain that goes round" sh -c \
    "! timeout 20 '$run_plan' --chain qcow2 '$work/3' 2>error"
finished
