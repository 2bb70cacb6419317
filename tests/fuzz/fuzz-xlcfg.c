/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz-xlcfg.c: a user's xl.cfg, for --update-config.  That the new text
 * says what it should is checked where it is made; here, that it is found
 * again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../tools/xl/xl_config.h"

const char fuzz_target[] = "xlcfg";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *from[] = { "/d/a.img", "/d/a 'b',c.img", NULL };
    struct config_edit edit = {
        .vdev = "xvda", .num_from = 2, .from = from,
        .to = "/d/a 'b',c.img", .format = LIBXL_DISK_FORMAT_QCOW2,
    };
    char *text = fuzz_text(fuzz_begin(), data, size), *after, *twice;
    char *error = NULL;

    after = update_config_text("input", text, size, "vm", &edit, 1, &error);
    MUST(!after == !!error);
    free(error);
    if (!after) return 0;
    error = NULL;
    twice = update_config_text("input", after, strlen(after), "vm", &edit, 1,
                               &error);
    MUST(twice && !strcmp(after, twice));
    MUST(!error);
    free(after);
    free(twice);
    return 0;
}
