#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The same without memory: the revert boots the domain.
. "$(dirname "$0")/faults.sh"

how="--disk-only --domain-config $(config vm)"
kill_reverts "revert, external, no memory" "--external $how" boots_at qcow2:64M raw:4M
kill_reverts "revert, internal, no memory" "--internal $how" boots_at qcow2:64M
