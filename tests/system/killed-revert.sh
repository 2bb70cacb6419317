#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot-revert that is killed before each entry of its journal. Until it
# destroys the domain recovery leaves that alone; after it the revert is completed.
. "$(dirname "$0")/faults.sh"

kill_reverts "revert, external" --external back_at qcow2:64M raw:4M
ok "the last recovery said what to write in the xl.cfg" \
    grep "^    '/srv/vm/xvdb.s.r" "$_tmp/says"
mark vm
tell vm reboot
ok "a guest that recovery brought back can reboot" until_ok 240 _booted vm
kill_reverts "revert, internal" --internal back_at qcow2:64M
