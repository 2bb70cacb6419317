#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A guest that never answers the request to suspend.
. "$(dirname "$0")/snapshot.sh"

mkdir -p /srv/deaf
qemu-img create -q -f qcow2 /srv/deaf/a.qcow2 16M
cat > /srv/deaf/deaf.cfg <<END
name = "deaf"
type = "pvh"
memory = 32
kernel = "/usr/share/xenhost/deaf"
disk = [ '/srv/deaf/a.qcow2,qcow2,xvda,w' ]
END
cleanup_fn rm -rf "$snapshots/deaf"
cleanup_fn remove_domain deaf
xl create -q /srv/deaf/deaf.cfg
before=$(world deaf)
# (libxl waits for a minute)
ok "says so" mustfail "does not answer the suspend request" \
    xl snapshot-create --external -n s1 deaf
ok "leaves everything as it was" diff <(echo "$before") <(world deaf)

# xl takes the request back when it is not answered in a minute
xl shutdown deaf > /dev/null 2>&1 &
asked() { test "$(xenstore-read "/local/domain/$(xl domid deaf)/control/shutdown")" = poweroff; }
until_ok 20 asked
ok "nor is one taken that is about to shut down" mustfail \
    "it has been asked to poweroff" xl snapshot-create --external -n s1 deaf
