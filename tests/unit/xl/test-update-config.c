/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-update-config.c: an xl.cfg that is to name new images: text in, text
 * out, with libxlutil as the judge.
 */
#include "update.h"

#include <stdlib.h>

/*-- golden pairs -----------------------------------------------------------*/

static void a_positional_path_is_rewritten(void)
{
    CHECK_ONE("'/a.qcow2,qcow2,xvda,w'", "'/a.s1.qcow2,qcow2,xvda,w'");
    CHECK_ONE("\"/a.qcow2,qcow2,xvda\"", "\"/a.s1.qcow2,qcow2,xvda\"");
    CHECK_ONE_REFUSED("'/a.qcow2 ,qcow2,xvda'");
}

static void a_keyword_path_is_rewritten(void)
{
    CHECK_ONE("'format=qcow2, vdev=xvda, access=rw, target=/a.qcow2'",
              "'format=qcow2, vdev=xvda, access=rw, target=/a.s1.qcow2'");
    CHECK_ONE("'vdev=xvda,format=qcow2,discard,target=/a.qcow2,'",
              "'vdev=xvda,format=qcow2,discard,target=/a.s1.qcow2'");
}

static void mixed_forms_are_rewritten(void)
{
    CHECK_ONE("'vdev=xvda,/a.qcow2,qcow2'", "'vdev=xvda,/a.s1.qcow2,qcow2'");
    CHECK_ONE("'/a.qcow2,vdev=xvda,qcow2'", "'/a.s1.qcow2,vdev=xvda,qcow2'");
    CHECK_ONE("'format=qcow2,/a.qcow2,xvda,w,direct-io-safe'",
              "'format=qcow2,/a.s1.qcow2,xvda,w,direct-io-safe'");
    CHECK_ONE_REFUSED("'discard , /a.qcow2,qcow2,xvda'");
    CHECK_ONE_REFUSED("'qcow2,xvda,w,target=/a.qcow2'");
    CHECK_ONE("',qcow2,xvda,w,target=/a.qcow2'",
              "',qcow2,xvda,w,target=/a.s1.qcow2'");
}

static void the_format_is_rewritten_where_it_stands(void)
{
    CHECK_RAW("'/b.raw,raw,xvdb,w'", "'/b.s1.qcow2,qcow2,xvdb,w'");
    CHECK_RAW("'/b.raw,,xvdb,w'", "'/b.s1.qcow2,qcow2,xvdb,w'");
    CHECK_RAW("'/b.raw, , xvdb'", "'/b.s1.qcow2, qcow2, xvdb'");
    CHECK_RAW("'/b.raw,  raw,  xvdb'", "'/b.s1.qcow2,  qcow2,  xvdb'");
    CHECK_RAW("'format=raw,vdev=xvdb,target=/b.raw'",
              "'format=qcow2,vdev=xvdb,target=/b.s1.qcow2'");
    CHECK_RAW("'/b.raw,raw,xvdb,w,format=raw'",
              "'/b.s1.qcow2,qcow2,xvdb,w,format=qcow2'");
}

static void a_format_that_is_not_there_is_added(void)
{
    CHECK_RAW("'vdev=xvdb,target=/b.raw'",
              "'format=qcow2,vdev=xvdb,target=/b.s1.qcow2'");
    CHECK_RAW("' /b.raw,vdev=xvdb'", "'format=qcow2, /b.s1.qcow2,vdev=xvdb'");
    CHECK_RAW("'/b.raw,vdev=xvdb'", "'format=qcow2,/b.s1.qcow2,vdev=xvdb'");
}

static void all_options_stay(void)
{
    CHECK_ONE("'/a.qcow2,qcow2,xvda,w,backendtype=qdisk,no-discard,"
              "direct-io-safe,specification=xen,backend=dom7,"
              "colo-host=h,colo-port=7,hidden-disk=/h'",
              "'/a.s1.qcow2,qcow2,xvda,w,backendtype=qdisk,no-discard,"
              "direct-io-safe,specification=xen,backend=dom7,"
              "colo-host=h,colo-port=7,hidden-disk=/h'");
}

static void comments_layout_and_other_settings_stay(void)
{
    CHECK_UPDATE(2,
        "# '/a.qcow2,qcow2,xvda,w' in a comment\n"
        "extra = \"disk = [ '/a.qcow2,qcow2,xvda,w' ]\"; disk=[\n"
        "\t# ] \" ' not the end\n"
        "   '/a.qcow2,  qcow2,xvda,w' ,   # '/a.qcow2\n\n"
        "\"/b.raw,raw,xvdb,w\",#\n"
        "   '/c.iso,raw,xvdc,r'\n"
        "]\t; vcpus = 0x2  # [\n"
        "vif = [ 'bridge=/a.qcow2' ]\n\n\n",
        "# '/a.qcow2,qcow2,xvda,w' in a comment\n"
        "extra = \"disk = [ '/a.qcow2,qcow2,xvda,w' ]\"; disk=[\n"
        "\t# ] \" ' not the end\n"
        "   '/a.s1.qcow2,  qcow2,xvda,w' ,   # '/a.qcow2\n\n"
        "\"/b.s1.qcow2,qcow2,xvdb,w\",#\n"
        "   '/c.iso,raw,xvdc,r'\n"
        "]\t; vcpus = 0x2  # [\n"
        "vif = [ 'bridge=/a.qcow2' ]\n\n\n");
    CHECK_INT(edits[0].line, 5);
    CHECK_INT(edits[1].line, 7);
}

static void keys_like_disk_are_others(void)
{
    CHECK_UPDATE(1,
        "disk_x = [ '/a.qcow2,qcow2,xvda,w' ]\nx.disk = 0xd\n"
        "disk += [ '/a.qcow2,qcow2,xvda,w' ]",
        "disk_x = [ '/a.qcow2,qcow2,xvda,w' ]\nx.disk = 0xd\n"
        "disk += [ '/a.s1.qcow2,qcow2,xvda,w' ]");
}

static void escapes_are_understood(void)
{
    CHECK_ONE_REFUSED("'\\'', '/a.qcow2,qcow2,xvda'");
    CHECK_ONE_REFUSED("'/o\\'x,raw,xvdo', '/a.qcow2\\,qcow2,xvda'");
    CHECK_ONE("'/o\\'x\\\\,raw,xvdo', "
              "'/a.qcow2,qcow2,xvda,colo-host=\\\"x\\''",
              "'/o\\'x\\\\,raw,xvdo', "
              "'/a.s1.qcow2,qcow2,xvda,colo-host=\\\"x\\''");
    CHECK_ONE("'colo-host=\\tx,format=qcow2,vdev=xvda,target=/a.qcow2'",
              "'colo-host=\\tx,format=qcow2,vdev=xvda,target=/a.s1.qcow2'");
}

static void a_path_with_a_comma_goes_into_target(void)
{
    update_to("/x,y", "'/a.qcow2,qcow2,xvda,w'",
              "',qcow2,xvda,w,target=/x,y'");
    update_to("/x=y", "'/a.qcow2,qcow2,xvda,w, '",
              "',qcow2,xvda,w, target=/x=y'");
    update_to("/x,y", "'format=qcow2,vdev=xvda,/a.qcow2'",
              "'format=qcow2,vdev=xvda,,target=/x,y'");
    update_to("/x,", "'format=qcow2,vdev=xvda,target=/a.qcow2'",
              "'format=qcow2,vdev=xvda,target=/x,,'");
    update_to("/x,,", "'/a.qcow2,qcow2,xvda'",
              "',qcow2,xvda,target=/x,,,'");
}

static void a_path_with_quotes_is_escaped(void)
{
    update_to("/x'y\\\"z", "'/a.qcow2,qcow2,xvda'",
              "'/x\\'y\\\\\"z,qcow2,xvda'");
    update_to("/x'y\\\"z", "\"/a.qcow2,qcow2,xvda\"",
              "\"/x'y\\\\\\\"z,qcow2,xvda\"");
}

static void a_path_that_no_file_can_name_is_refused(void)
{
    reset();
    edits[0].to = "/x\ny,";
    CHECK_HAS(updated(NAME "disk=['/a.qcow2,qcow2,xvda']",
                      strlen(NAME "disk=['/a.qcow2,qcow2,xvda']"), 1),
              "refused: vm.cfg");
}

static void any_path_that_the_domain_had_will_do(void)
{
    CHECK_ONE("'/a.older.qcow2,qcow2,xvda,w'", "'/a.s1.qcow2,qcow2,xvda,w'");
}

static void a_file_of_windows_or_without_a_last_newline(void)
{
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2,xvda']\r\n", "vm.cfg:2");
    CHECK_UPDATE(1, "disk=['/a.qcow2,qcow2,xvda']",
                 "disk=['/a.s1.qcow2,qcow2,xvda']");
}

/*-- refusals ---------------------------------------------------------------*/

static void the_file_of_another_domain_is_refused(void)
{
    CHECK_REFUSED(1, "name = 'vm2'\ndisk=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg: the config is of domain vm2, not of vm");
    CHECK_REFUSED(1, "disk=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg: the config is of domain (no name), not of vm");
    CHECK_REFUSED(1, "name = [ 'vm' ]\ndisk=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg: the config is of domain (no name), not of vm");
}

static void a_disk_that_is_missing_is_refused(void)
{
    CHECK_REFUSED(2, NAME "disk=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg: there is no disk xvdb");
    CHECK_REFUSED(1, NAME, "vm.cfg: there is no disk xvda");
    CHECK_REFUSED(1, NAME "disk=[]", "vm.cfg: there is no disk xvda");
}

static void a_disk_that_names_another_image_is_refused(void)
{
    CHECK_REFUSED(1, NAME "disk = [\n#\n'/x.qcow2,qcow2,xvda' ]",
                  "vm.cfg:4: disk xvda names /x.qcow2, not /a.qcow2");
}

static void what_is_given_twice_is_refused(void)
{
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2,xvda',\n"
                  "'/a.qcow2,qcow2,xvda']",
                  "vm.cfg:3: disk xvda is listed again, after line 2");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2,xvda',\n"
                  "'/a.qcow2,qcow2,xvdz']",
                  "vm.cfg:3: disk xvdz names /a.qcow2, too");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2,xvda']\n\n"
                  "disk=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg:4: `disk' is set again, after line 2");
    CHECK_REFUSED(1, NAME "disk=[]\ndisk+=['/a.qcow2,qcow2,xvda']",
                  "vm.cfg:3: `disk' is set again, after line 2");
}

static void what_libxl_would_not_start_is_refused(void)
{
    CHECK_RAW("'/b.raw,raw,xvdb,w,backendtype=qdisk'",
              "'/b.s1.qcow2,qcow2,xvdb,w,backendtype=qdisk'");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,raw,xvda,w,backendtype=phy']",
                  "vm.cfg:2: disk xvda: backendtype=phy serves raw images");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,raw,xvda,w,backendtype=tap']",
                  "vm.cfg:2: disk xvda: backendtype=tap serves raw images");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,raw,xvda,w,script=block-x']",
                  "vm.cfg:2: disk xvda: a disk with script= ");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,raw,xvda,specification=virtio']",
                  "vm.cfg:2: disk xvda: a disk with specification=virtio ");
}

/* Old forms, of which libxlutil (4.17) takes the format, and of some a
 * script; the next word behind the path is the device then. */
static void lists_of_something_else_are_refused(void)
{
    CHECK_REFUSED(1, NAME "disk='/a.qcow2,qcow2,xvda'", "vm.cfg:2: ");
    CHECK_REFUSED(1, NAME "disk=[ 5 ]", "vm.cfg:2: `disk' must be a list");
    CHECK_REFUSED(1, NAME "disk=[ ['/a.qcow2,qcow2,xvda'] ]",
                  "vm.cfg:2: `disk' must be a list");
    CHECK_REFUSED(1, NAME "disk=[ '/a.qcow2,qcow2,xvda', [ 'x' ] ]",
                  "vm.cfg:2: `disk' must be a list");
}

static void disks_that_xl_does_not_take_are_refused(void)
{
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,nonsense,xvda']", "vm.cfg: ");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2,xvda,w,more']", "vm.cfg: ");
    CHECK_REFUSED(1, NAME "disk=['/a.qcow2,qcow2']", "vm.cfg: ");
    CHECK_REFUSED(1, NAME "disk=['']", "vm.cfg: ");
}

static void a_cdrom_and_an_empty_drive_are_no_hindrance(void)
{
    CHECK_ONE("',,hdc:cdrom', 'cdrom,vdev=hdd', '/a.qcow2,qcow2,xvda'",
              "',,hdc:cdrom', 'cdrom,vdev=hdd', '/a.s1.qcow2,qcow2,xvda'");
}

static void text_that_is_no_xl_cfg_is_refused(void)
{
    static const char *const texts[] = {
        "disk=['/a.qcow2,qcow2,xvda", "disk=['/a.qcow2,qcow2,xvda]\n",
        "disk=[\"/a.qcow2,qcow2,xvda']", "disk=['/a.qcow2,qcow2,xvda'\n",
        "disk='/a.qcow2,qcow2,xvda']", "disk=[[['/a.qcow2,qcow2,xvda'",
        "disk=['/a.qcow2,qcow2,xvda\\']", "disk=['\\", "disk", "]", "=", "'",
        "\\", "disk = disk", "disk = '%s' % x", "import os\n",
        "disk=['\\x41']", "disk=['\\q']", "# no newline",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CHECK_HAS(snap_sprintf(sc, "%s in %s", update(snap_sprintf(
                      sc, NAME "%s", texts[i]), 1), texts[i]),
                  "refused: vm.cfg");
    CHECK_HAS(update("", 1),
              "refused: vm.cfg: the config is of domain (no name)");
}

static void nul_and_binary_are_refused(void)
{
    static const char text[] = NAME "disk=['/a.qcow2,qcow2,xvda']\n\0\n";
    char junk[4096 + 1] = "";
    size_t i;

    reset();
    CHECK_HAS(updated(text, sizeof(text) - 1, 1), "vm.cfg: not a text file");
    for (i = 0; i < sizeof(junk) - 1; i++)
        junk[i] = 1 + i * 7919 % 255;
    CHECK_HAS(updated(junk, sizeof(junk) - 1, 1), "refused: vm.cfg");
}

static void huge_text_is_handled_or_refused(void)
{
    size_t len = CONFIG_FILE_MAX - 3;
    char *text = snap_zalloc(sc, len + 2);
    static const char end[] = "disk=['/a.qcow2,qcow2,xvda']\n";
    char *got;

    memset(text, 'x', len);
    memcpy(text, NAME "# ", strlen(NAME "# "));
    text[len - strlen(end) - 1] = '\n';
    memcpy(text + len - strlen(end), end, strlen(end));
    reset();
    got = updated(text, len, 1);
    CHECK_HAS(got, "/a.s1.qcow2");
    CHECK_INT(strlen(got), len + 3);
    text[len++] = '\n';
    reset();
    CHECK_HAS(updated(text, len, 1), "refused: vm.cfg: not a text file, or");
}

/* Every text cut off anywhere, and with any byte of it changed, is refused or
 * comes out with disks as libxlutil reads them: no crash, no wrong disk. */
static void damaged_text_does_no_harm(void)
{
    static const char good[] = NAME "disk=[\n '/a.qcow2,qcow2,xvda,w',# x\n"
        "\"vdev=xvdb,format=raw,target=/b.raw\"]\n";
    static const char bytes[] = "'\"\\#[],=\n x:/1";
    char *text = snap_strdup(sc, good), *got;
    size_t i, k;

    for (i = 0; i < sizeof(good); i++) {
        reset();
        got = updated(good, i, 2);
        if (i < sizeof(good) - 2) CHECK_HAS(got, "refused: ");
        for (k = 0; good[i] && k < strlen(bytes); k++) {
            text[i] = bytes[k];
            reset();
            got = updated(text, strlen(text), 2);
            if (!strncmp(got, "refused: ", 9)) continue;
            CHECK_HAS(got, "/a.s1.qcow2");
            CHECK_HAS(got, "/b.s1.qcow2");
        }
        text[i] = good[i];
    }
}

/*-- the proof --------------------------------------------------------------*/

static int checked(const char *before, const char *after)
{
    char *error = NULL;
    int r;

    free(update_config_text("vm.cfg", before, strlen(before), "vm", edits, 2,
                            &error));
    CHECK_STR(error, NULL);
    r = update_config_check("vm.cfg", before, after, strlen(after), edits, 2,
                            &error);
    CHECK(!r == !error);
    free(error);
    return r;
}

static void a_text_that_says_something_else_is_noticed(void)
{
#define TEXT(a, fa, ra, b, fb, c) NAME "disk=['" a "," fa ",xvda," ra "','" \
        b "," fb ",xvdb','" c ",raw,xvdc']"
    static const char before[] = TEXT("/a.qcow2", "qcow2", "w", "/b.raw",
                                      "raw", "/c");

    reset();
    CHECK_INT(checked(before, TEXT("/a.s1.qcow2", "qcow2", "w", "/b.s1.qcow2",
                                   "qcow2", "/c")), 0);
    CHECK(checked(before, before));
    CHECK(checked(before, TEXT("/a.s1.qcow2", "qcow2", "r", "/b.s1.qcow2",
                               "qcow2", "/c")));
    CHECK(checked(before, TEXT("/a.s1.qcow2", "qcow2", "w", "/b.s1.qcow2",
                               "raw", "/c")));
    CHECK(checked(before, TEXT("/a.s1.qcow2", "qcow2", "w", "/b.s1.qcow2",
                               "qcow2", "/d")));
    CHECK(checked(before, NAME "disk=['/a.s1.qcow2,qcow2,xvda,w']"));
    CHECK(checked(before, NAME));
    CHECK(checked(before, ""));
#undef TEXT
}

TESTS(TEST(a_positional_path_is_rewritten),
      TEST(a_keyword_path_is_rewritten),
      TEST(mixed_forms_are_rewritten),
      TEST(the_format_is_rewritten_where_it_stands),
      TEST(a_format_that_is_not_there_is_added),
      TEST(all_options_stay),
      TEST(comments_layout_and_other_settings_stay),
      TEST(keys_like_disk_are_others),
      TEST(escapes_are_understood),
      TEST(a_path_with_a_comma_goes_into_target),
      TEST(a_path_with_quotes_is_escaped),
      TEST(a_path_that_no_file_can_name_is_refused),
      TEST(any_path_that_the_domain_had_will_do),
      TEST(a_file_of_windows_or_without_a_last_newline),
      TEST(the_file_of_another_domain_is_refused),
      TEST(a_disk_that_is_missing_is_refused),
      TEST(a_disk_that_names_another_image_is_refused),
      TEST(what_is_given_twice_is_refused),
      TEST(what_libxl_would_not_start_is_refused),
      TEST(lists_of_something_else_are_refused),
      TEST(disks_that_xl_does_not_take_are_refused),
      TEST(a_cdrom_and_an_empty_drive_are_no_hindrance),
      TEST(text_that_is_no_xl_cfg_is_refused),
      TEST(nul_and_binary_are_refused),
      TEST(huge_text_is_handled_or_refused),
      TEST(damaged_text_does_no_harm),
      TEST(a_text_that_says_something_else_is_noticed))
