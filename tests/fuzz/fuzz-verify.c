/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz-verify.c: xl snapshot-verify of a whole snapshot: the input is its
 * folder, with "%%" lines between its files: the snapshot config, what
 * qemu-img and lvs say of the images, the domain's xl.cfg, an image, and
 * the memory image.  The first names the others: /proc/self/fd/101 is the
 * xl.cfg, 102 the memory image, 103 the image.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/xl/xl_snapshot.h"
#include "xl.h"

const char fuzz_target[] = "verify";

int dryrun_only;
bool timestamps;
xentoollog_level minmsglevel = minmsglevel_default;

enum { CONFIG = 100, XL_CFG, MEMORY, IMAGE };

static void file_make(int number, const void *data, size_t size)
{
    if (fcntl(number, F_GETFD) < 0) {
        int fd = memfd_create("file", MFD_CLOEXEC);

        if (fd < 0 || fchmod(fd, 0600)
            || dup3(fd, number, O_CLOEXEC) < 0 || close(fd))
            abort();
    }
    if (ftruncate(number, 0)
        || pwrite(number, data, size, 0) != (ssize_t)size)
        abort();
}

/* The next file of the input. */
static size_t file_next(const uint8_t **data, size_t *left, bool last,
                        const uint8_t **file)
{
    static const char between[] = "\n%%\n";
    const uint8_t *end = last ? NULL : memmem(*data, *left, between, 4);
    size_t size = end ? (size_t)(end - *data) : *left;
    size_t past = end ? size + 4 : size;

    *file = *data;
    *data += past;
    *left -= past;
    return size;
}

static void run(void *opaque)
{
    bool has_memory = *(bool *)opaque;
    char *words[] = {
        (char *)"snapshot-verify", (char *)"--json",
        (char *)"--skip-unsupported",
        (char *)"/proc/self/fd/100",
        has_memory ? NULL : (char *)"--domain-config=/proc/self/fd/101",
        NULL,
    };

    optind = 0;
    main_snapshot_verify(has_memory ? 4 : 5, words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *file;
    bool has_memory;
    size_t num;

    fuzz_begin_xen();
    num = file_next(&data, &size, false, &file);
    file_make(CONFIG, file, num);
    has_memory = memmem(file, num, "memory_path", 11) != NULL;
    num = file_next(&data, &size, false, &file);
    fuzz_prints(file, num);
    num = file_next(&data, &size, false, &file);
    file_make(XL_CFG, file, num);
    num = file_next(&data, &size, false, &file);
    file_make(IMAGE, file, num);
    num = file_next(&data, &size, true, &file);
    file_make(MEMORY, file, num);
    fuzz_until_exit(run, &has_memory);
    return 0;
}
