#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The guest agent: the real qemu-ga in a guest freezes and thaws its file system,
# asked over a Xen channel that QEMU serves as a socket. (The domain of
# quiesce.sh is a PV.)
. "$(dirname "$0")/lib.sh"
requires python3

# unwritten IMAGE: nobody writes to it for two seconds.
unwritten() {
    local before
    before=$(stat -c %y "$1"; md5sum < "$1")
    sleep 2
    diff <(echo "$before") <(stat -c %y "$1"; md5sum < "$1")
}

new_domain -g -t pvh vm ext4:16M
image=$(image vm xvda)
ok "the agent answers" until_ok 30 says '^\{\}$' agent_says vm guest-ping
ok "nothing is frozen" says thawed agent_says vm guest-fsfreeze-status
ok "a file system in use is not clean" not is_clean "$image"
ok "the agent freezes one" says '^1$' agent_says vm guest-fsfreeze-freeze
ok "and says so" says frozen agent_says vm guest-fsfreeze-status
ok "the witness stands still in its write" still vm
ok "nothing is written to the disk" unwritten "$image"
ok "the file system on it is clean" is_clean "$image"
ok "no second freeze" not agent_says vm guest-fsfreeze-freeze
ok "the agent thaws it" says '^1$' agent_says vm guest-fsfreeze-thaw
ok "the witness goes on" ticking vm
