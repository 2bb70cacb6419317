/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-qemu-img.c: what qemu-img says of an image, and of its version; and
 * the header of a qcow2, which is looked at before. */
#include "fuzz.h"

#include "facts/facts.h"

#include <string.h>

const char fuzz_target[] = "qemu-img";

static void layer(libxl_snapshot_ctx *sc, yajl_val image)
{
    struct snap_layer layer;
    const char *base, *format;
    int i, rc;

    snap_imageinfo_layer(sc, image, "/d/root.qcow2", &layer);
    for (i = 0; i < layer.num_tags; i++) MUST(layer.tags[i].name);
    for (i = 0; i < layer.num_bitmaps; i++) MUST(layer.bitmaps[i]);
    rc = snap_imageinfo_base(sc, image, "/d/root.qcow2", &base, &format);
    fuzz_judged(sc, rc);
    if (rc || !base) return;
    MUST(base[0] == '/' && !snap_imageinfo_protocol(sc, base));
    MUST(!format || snap_imageinfo_is_known(format));
}

static void header(libxl_snapshot_ctx *sc, const uint8_t *data, size_t size)
{
    struct snap_qcow2_header header;

    if (!snap_qcow2_header_read(sc, data, size, &header)) return;
    MUST(size >= SNAP_QCOW2_HEADER_MIN);
    MUST(!header.data_file || strlen(header.data_file) < size);
    MUST(!header.base || (header.has_base && strlen(header.base) < size));
    MUST(!header.base_format || strlen(header.base_format) < size);
    if (header.base) MUST(snap_imageinfo_file(sc, header.base));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    const char *version, *problem;
    yajl_val said;
    size_t i;

    fuzz_prints(data, size);
    snap_program_version(sc, "qemu-img", &version, &problem);
    if (version) fuzz_printable(version);
    snap_take_error(sc);
    header(sc, data, size);
    said = snap_json_parse(fuzz_text(sc, data, size));
    if (!YAJL_IS_ARRAY(said)) layer(sc, said);
    for (i = 0; YAJL_IS_ARRAY(said) && i < said->u.array.len; i++)
        layer(sc, said->u.array.values[i]);
    yajl_tree_free(said);
    return 0;
}
