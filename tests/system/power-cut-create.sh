#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# runs: outside
# time-limit: 2400
# The host loses its power at every step of a create.
. "$(dirname "$0")/power-cut.sh"

cut_power a:create b:create c:create d:create e:create \
    f:create-live g:create-live h:create-live i:create-live \
    j:create-mixed k:create-mixed l:create-mixed m:create-mixed
