#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# runs: outside
# time-limit: 2400
# The host loses its power at every step of a revert.
. "$(dirname "$0")/power-cut.sh"

cut_power a:revert b:revert c:revert d:revert-internal e:revert-internal \
    f:revert-disks g:revert-disks h:revert-disks i:revert-tags j:revert-tags
