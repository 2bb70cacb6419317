#!/bin/bash
# The guest agent: the real qemu-ga in a guest freezes and thaws its file system,
# asked over a Xen channel that QEMU serves as a socket.
. "$(dirname "$0")/lib.sh"
requires python3

# unwritten IMAGE: nobody writes to it for two seconds.
unwritten() {
    local before
    before=$(stat -c %y "$1"; md5sum < "$1")
    sleep 2
    diff <(echo "$before") <(stat -c %y "$1"; md5sum < "$1")
}

for type in pv pvh; do
    new_domain -g -t $type $type ext4:16M
    image=$(image $type xvda)
    ok "$type: the agent answers" until_ok 30 says '^{}$' agent_says $type guest-ping
    ok "$type: nothing is frozen" says thawed agent_says $type guest-fsfreeze-status
    ok "$type: a file system in use is not clean" not is_clean "$image"
    ok "$type: the agent freezes one" says '^1$' agent_says $type guest-fsfreeze-freeze
    ok "$type: and says so" says frozen agent_says $type guest-fsfreeze-status
    ok "$type: the witness stands still in its write" still $type
    ok "$type: nothing is written to the disk" unwritten "$image"
    ok "$type: the file system on it is clean" is_clean "$image"
    ok "$type: no second freeze" not agent_says $type guest-fsfreeze-freeze
    ok "$type: the agent thaws it" says '^1$' agent_says $type guest-fsfreeze-thaw
    ok "$type: the witness goes on" ticking $type
    remove_domain $type
done
