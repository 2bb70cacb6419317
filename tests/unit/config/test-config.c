/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-config.c: the snapshot config: reading, refusals, round trips. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static libxl_domain_snapshot snap;
static char path[256];

static int read_bytes(const char *text, size_t len)
{
    snprintf(path, sizeof(path), "%s", tmp_file("s.cfg", text, len));
    libxl_domain_snapshot_dispose(&snap);
    return libxl_domain_snapshot_config_read(sc, path, &snap);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

/* The file is refused with "PATH@sentence". */
static void refused(const char *text, const char *sentence)
{
    int rc = read_text(text);

    check_that(rc == ERROR_INVAL && strstr(error_text(), snap_sprintf(
        sc, "%s%s", path, sentence)), __LINE__, __FILE__, "'%s' gave %d, "
        "\"%s\", not \"%s\"", text, rc, error_text(), sentence);
    libxl_domain_snapshot_dispose(&snap);
}

/*-- reading ----------------------------------------------------------------*/

static void a_full_config_is_read(void)
{
    CHECK_OK(read_text(
        "# comment with a ' quote and a \" quote\n"
        "name = \"before\"\n"
        "description = 'of \"Friday\"; [all] #5'\n"
        "domain = \"web\"\n"
        "uuid = \"1b3e5f70-0102-0304-0506-0708090a0b0c\"\n"
        "type = \"pv\"\n"
        "creation_time = 1732181400\n"
        "xen_version = \"4.17.7\"   # its \"version\n"
        "qemu_version = '7.2.22'\n"
        "memory = 1\n"
        "memory_path = \"/s/memory\"\n"
        "disks = [ '/d/a.s.qcow2,qcow2,xvda', ',,xvdb' ]\n"
        "parents = [ '/d/a.img,raw,xvda',\n  '/d/b.qcow2,qcow2,xvdb', ]\n"));
    CHECK_STR(snap.name, "before");
    CHECK_STR(snap.description, "of \"Friday\"; [all] #5");
    CHECK_STR(snap.domain_name, "web");
    CHECK_INT(snap.domain_uuid.uuid[0], 0x1b);
    CHECK_INT(snap.domain_type, LIBXL_DOMAIN_TYPE_PV);
    CHECK_INT(snap.creation_time, 1732181400);
    CHECK_STR(snap.xen_version, "4.17.7");
    CHECK_STR(snap.qemu_version, "7.2.22");
    CHECK_STR(snap.memory_path, "/s/memory");
    REQUIRE(snap.num_disks == 2);
    CHECK_INT(snap.disks[0].mode, LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(snap.disks[0].vdev, "xvda");
    CHECK_STR(snap.disks[0].child.pdev_path, "/d/a.s.qcow2");
    CHECK_INT(snap.disks[0].child.format, LIBXL_DISK_FORMAT_QCOW2);
    CHECK_STR(snap.disks[0].parent.pdev_path, "/d/a.img");
    CHECK_INT(snap.disks[0].parent.format, LIBXL_DISK_FORMAT_RAW);
    CHECK_INT(snap.disks[1].mode, LIBXL_SNAPSHOT_MODE_INTERNAL);
    CHECK_STR(snap.disks[1].vdev, "xvdb");
    CHECK_STR(snap.disks[1].child.pdev_path, NULL);
    CHECK_STR(snap.disks[1].parent.pdev_path, "/d/b.qcow2");
}

static void an_empty_target_is_internal(void)
{
    CHECK_OK(read_text("disks = [ ',,hdb', ',qcow2,hdc', ',raw,xvda,rw' ]\n"));
    REQUIRE(snap.num_disks == 3);
    CHECK_INT(snap.disks[0].mode, LIBXL_SNAPSHOT_MODE_INTERNAL);
    CHECK_STR(snap.disks[0].vdev, "hdb");
    CHECK_INT(snap.disks[1].mode, LIBXL_SNAPSHOT_MODE_INTERNAL);
    CHECK_INT(snap.disks[2].mode, LIBXL_SNAPSHOT_MODE_INTERNAL);
}

static void what_is_left_out_stays_empty(void)
{
    CHECK_OK(read_text(""));
    CHECK(!snap.name && !snap.memory_path && !snap.disks);
    CHECK_INT(snap.creation_time, 0);
    CHECK_INT(snap.domain_type, LIBXL_DOMAIN_TYPE_INVALID);
    CHECK_OK(read_text("\n\n  # nothing but this\n"));
    CHECK_OK(read_text("name = 'no-newline-at-the-end'"));
    CHECK_OK(read_text("disks = [ ]\n"));
    CHECK_INT(snap.num_disks, 0);
    CHECK_OK(read_text("memory = 0\n"));
}

static void a_list_may_go_over_lines_with_comments(void)
{
    CHECK_OK(read_text("disks = [\n"
                       "    ',,xvda',     # the root's tag\n"
                       "\n"
                       "    ',,xvdb'\n"
                       "  # it's last\n"
                       "]\nname='x'\n"));
    CHECK_INT(snap.num_disks, 2);
    CHECK_STR(snap.name, "x");
}

static void settings_may_share_a_line(void)
{
    CHECK_OK(read_text("name='a'; memory=0; domain='d'\n"));
    CHECK_STR(snap.domain_name, "d");
    refused("name='a'; memroy=0\n", ":1: unknown key 'memroy'");
}

/* libxlutil 4.17 takes it for an error; an editor that leaves it is no
 * reason to refuse. */
static void a_comment_may_end_the_file_without_a_newline(void)
{
    CHECK_OK(read_text("name = 'a'\n# no newline"));
    CHECK_STR(snap.name, "a");
}

/* As in an xl.cfg: libxlutil 4.17 knows no CR. */
static void what_libxlutil_does_not_know_is_refused(void)
{
    refused("name = 'a'\r\nmemory = 0\r\n", ":1: config parsing error");
    refused("NAME = 'a'\n", ":1: config parsing error");
}

/*-- refusals ---------------------------------------------------------------*/

static void an_unknown_key_is_named_with_its_line(void)
{
    refused("name='a'\n\nmemroy = 1\n",
            ":3: unknown key 'memroy'; see xl.snapshot.cfg(5)");
    refused("disks = [ ',,xvda',\n ',,xvdb' ]\nbase='x'\n",
            ":3: unknown key 'base'");
    refused("names='a'\n", ":1: unknown key 'names'");
    refused("nam='a'\n", ":1: unknown key 'nam'");
    refused("memory.path='/m'\n", ":1: unknown key 'memory.path'");
    refused("vcpus += ['a']\n", ":1: unknown key 'vcpus'");
    refused("name='it''s' # \n", ":1");
}

static void a_comment_does_not_hide_the_keys_after_it(void)
{
    refused("memory = 0 # a [ bracket\nbad = 1\n", ":2: unknown key 'bad'");
    refused("memory = 0 # a ] bracket\nbad = 1\n", ":2: unknown key 'bad'");
    refused("memory = 0 # a ' quote\nbad = 1\n", ":2: unknown key 'bad'");
    refused("name = 'a' # a \" quote\nbad = 1\n", ":2: unknown key 'bad'");
    refused("disks = [ # ] '\n ',,xvda' ]\nbad = 1\n",
            ":3: unknown key 'bad'");
    refused("name='[' ; bad = 1\n", ":1: unknown key 'bad'");
}

static void what_is_no_xl_cfg_is_refused_with_its_line(void)
{
    refused("name = \n", ":0:");         /* libxlutil counts late */
    refused("memory = 0\nname = 'a\n", ":2:");
    refused("disks = [ ',,xvda'\n", ":");
    refused("= 1\n", ":1:");
    refused("name 'a'\n", ":1:");
    refused("]\n", ":1:");
}

static void a_value_of_the_wrong_kind_is_refused(void)
{
    refused("disks = 'xvda'\n", "");
    refused("name = [ 'a' ]\n", ": `name' must be a string");
    refused("description = [ 'a' ]\n", ": `description' must be a string");
    refused("memory_path = [ '/m' ]\n", ": `memory_path' must be a string");
    refused("uuid = [ 'a' ]\n", ": `uuid' must be a string");
    refused("type = [ 'pv' ]\n", ": `type' must be a string");
    refused("memory = [ 1 ]\n", ": `memory' must be a number from 0 to 1");
    refused("memory = 'yes'\n", ": `memory' must be a number from 0 to 1");
    refused("disks = [ [ 'a' ] ]\n", ": an item of `disks' is not a string");
}

static void a_disk_may_stand_in_disks_once(void)
{
    refused("disks = [ ',,xvda', '/o,qcow2,xvda' ]\n",
            ": disk xvda is in `disks' twice; remove one of them");
}

static void a_disk_needs_a_virtual_device(void)
{
    refused("disks = [ '/a,qcow2' ]\n", ": disk '/a,qcow2': ");
    CHECK_INT(read_text("disks = [ '' ]\n"), ERROR_INVAL);
    CHECK_HAS(error_text(), "no vdev specified");
}

static void a_bad_disk_specification_is_quoted(void)
{
    refused("disks = [ '/a,qcow3,xvda' ]\n", ": disk '/a,qcow3,xvda': ");
    refused("disks = [ 'vdev=xvda,colour=red' ]\n",
            ": disk 'vdev=xvda,colour=red': ");
}

static void parents_go_with_disks(void)
{
    const char *why = ": `parents' must name one image for each of `disks'";

    refused("parents = [ '/a,raw,xvda' ]\n", why);
    refused("disks=[',,xvda']\nparents=['/a,raw,xvdb']\n", why);
    refused("disks=[',,xvda']\nparents=[',,xvda']\n", why);
    refused("disks=[',,xvda']\nparents=['/a,raw,xvda','/b,raw,xvda']\n", why);
}

static void a_hooks_disk_keeps_its_backend(void)
{
    const char *spec = "backendtype=phy,format=raw,vdev=xvda,access=rw,"
                       "target=/d/a";
    char *text;

    CHECK_OK(read_text(snap_sprintf(sc, "disks=[',,xvda']\nparents=['%s']\n"
                                    "drivers=['xvda=hook/copy']\n", spec)));
    CHECK_INT(snap.disks[0].parent.backend, LIBXL_DISK_BACKEND_PHY);
    text = libxl_domain_snapshot_config_text(sc, &snap);
    CHECK_HAS(text, spec);
    free(text);
}

static void drivers_go_with_disks(void)
{
    const char *why = ": `drivers' must be a list of VDEV=DRIVER";

    refused("drivers = [ 'xvda=tape' ]\n", why);
    refused("disks=[',,xvda']\ndrivers=['xvda']\n", why);
    refused("disks=[',,xvda']\ndrivers=['xvda=']\n", why);
    refused("disks=[',,xvda']\ndrivers=['xvda=a','xvda=b']\n", why);
    CHECK_OK(read_text("disks=[',,xvda']\ndrivers=['xvda=a=b']\n"));
    CHECK_STR(snap.disks[0].driver, "a=b");
}

static void consistency_is_a_word_of_ours(void)
{
    refused("consistency='good'\n", ": `consistency' must be crash, clean or "
            "off, not 'good'");
    CHECK_OK(read_text("consistency='clean'\n"));
    CHECK_STR(snap.consistency, "clean");
}

static void numbers_have_bounds(void)
{
    refused("memory = 2\n", ": `memory' must be a number from 0 to 1");
    refused("memory = -1\n", ":1:");
    refused("creation_time = -1\n", ":1:");
    refused("creation_time = 999999999999999999999\n",
            ": `creation_time' must be a number from 0 to 140737488355327");
    refused("creation_time = 140737488355328\n",
            ": `creation_time' must be a number");
    CHECK_OK(read_text("creation_time = 140737488355327\n"));
    CHECK(snap.creation_time == UINT64_C(140737488355327));
}

static void no_memory_and_a_memory_path_contradict(void)
{
    refused("memory=0\nmemory_path='/m'\n",
            ": memory=0 and memory_path contradict each other");
    CHECK_OK(read_text("memory_path='/m'\n"));
    CHECK_OK(read_text("memory=1\nmemory_path='/m'\n"));
}

static void identity_is_checked(void)
{
    refused("uuid='12'\n", ": `uuid' must be a uuid, not '12'");
    refused("type='xen'\n", ": `type' must be pv, pvh or hvm, not 'xen'");
    CHECK_INT(read_text("name='a/b'\n"), ERROR_INVAL);
    CHECK_HAS(error_text(), "snapshot name 'a/b': not valid");
    CHECK_INT(read_text("name=''\n"), ERROR_INVAL);
    CHECK_HAS(error_text(), "snapshot name ''");
}

static void what_is_no_text_file_is_refused(void)
{
    char big[(1 << 20) + 1];

    memset(big, '\n', sizeof(big));
    CHECK_INT(read_bytes(big, sizeof(big)), ERROR_INVAL);
    CHECK_HAS(error_text(), "s.cfg: larger than 1048576 bytes");
    CHECK_OK(read_bytes(big, sizeof(big) - 1));
    CHECK_INT(read_bytes("name='a'\n\0\n", 11), ERROR_INVAL);
    CHECK_HAS(error_text(), "s.cfg: not a text file");
    CHECK_INT(libxl_domain_snapshot_config_read(sc, "/nowhere", &snap),
              ERROR_INVAL);
    CHECK_STR(error_text(), "/nowhere: No such file or directory");
    CHECK_INT(libxl_domain_snapshot_config_read(sc, "/tmp", &snap),
              ERROR_INVAL);
    CHECK_HAS(error_text(), "/tmp: ");
}

/*-- round trips ------------------------------------------------------------*/

static void set_disk(libxl_disk_snapshot *ds, const char *vdev,
                     const char *overlay, const char *parent)
{
    ds->vdev = strdup(vdev);
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    snap_device_disk_set(&ds->parent, vdev, parent,
                         overlay ? LIBXL_DISK_FORMAT_RAW
                                 : LIBXL_DISK_FORMAT_QCOW2);
    ds->mode = overlay ? LIBXL_SNAPSHOT_MODE_EXTERNAL
                       : LIBXL_SNAPSHOT_MODE_INTERNAL;
    if (overlay)
        snap_device_disk_set(&ds->child, vdev, overlay,
                             LIBXL_DISK_FORMAT_QCOW2);
}

/* Write a snapshot with @s in all its strings, read it, write it again. */
static void round_trip(const char *s)
{
    libxl_domain_snapshot made;
    char *text, *again;
    bool same;

    libxl_domain_snapshot_init(&made);
    made.name = strdup("a+b");
    made.description = strdup(s);
    made.domain_name = strdup(s);
    made.memory_path = strdup(s);
    made.xen_version = strdup(s);
    made.domain_type = LIBXL_DOMAIN_TYPE_PVH;
    made.domain_uuid.uuid[15] = 0xff;
    made.creation_time = 1;
    made.num_disks = 2;
    made.disks = calloc(2, sizeof(*made.disks));
    set_disk(&made.disks[0], "xvda", s, s);
    set_disk(&made.disks[1], "sda1", NULL, s);
    text = libxl_domain_snapshot_config_text(sc, &made);
    same = !read_text(text) && snap.num_disks == 2
        && !strcmp(snap.description, s) && !strcmp(snap.memory_path, s)
        && !strcmp(snap.disks[0].child.pdev_path, s)
        && !strcmp(snap.disks[0].parent.pdev_path, s)
        && !strcmp(snap.disks[1].parent.pdev_path, s);
    again = libxl_domain_snapshot_config_text(sc, &snap);
    check_that(same && !strcmp(again, text), __LINE__, __FILE__, "%s came "
               "back otherwise: %s", snap_json_strings(sc, &s, 1),
               error_text());
    free(text);
    free(again);
    libxl_domain_snapshot_dispose(&made);
    libxl_domain_snapshot_dispose(&snap);
}

static void paths_come_back_as_they_were_written(void)
{
    static const char *const hard[] = {
        "/a", "/with space", " /leading and trailing ", "/a,b,,c", "/a\"b'c",
        "/back\\slash", "/x\\x41\\n", "/a=b;[c]#d", "/\xc3\xa4\xff", "/a:b",
        "qcow2:/a", "raw:/b", "file:/c", "/it's", "\"", "'", "\\", "/%s%n",
        "/vdev=xvdb,format=raw", "/a\\", "/a\\\\",
    };
    size_t i;

    for (i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
        round_trip(hard[i]);
}

static void control_characters_come_back(void)
{
    char s[] = "/a?b";
    int c;

    for (c = 1; c < 256; c++) {
        s[2] = c;
        if (c != '\n') round_trip(s);   /* not in a disk: see test-driver */
    }
}

static void a_description_may_have_lines(void)
{
    libxl_domain_snapshot made;
    char *text;

    libxl_domain_snapshot_init(&made);
    made.description = strdup("two\nlines\n");
    text = libxl_domain_snapshot_config_text(sc, &made);
    CHECK_OK(read_text(text));
    CHECK_STR(snap.description, "two\nlines\n");
    free(text);
    libxl_domain_snapshot_dispose(&made);
}

static void a_trailing_comma_comes_back(void)
{
    round_trip("/a,");
    round_trip("/a,,");
}

static void a_written_config_is_as_recorded(void)
{
    libxl_domain_snapshot made;
    char *text;

    libxl_domain_snapshot_init(&made);
    made.name = strdup("before");
    made.domain_name = strdup("web");
    made.domain_type = LIBXL_DOMAIN_TYPE_HVM;
    made.creation_time = 1732181400;
    libxl_defbool_set(&made.memory, true);
    made.memory_path = strdup("/var/lib/xen/snapshots/web/before/memory");
    made.xen_version = strdup("4.17.7");
    made.num_disks = 2;
    made.disks = calloc(2, sizeof(*made.disks));
    set_disk(&made.disks[0], "xvda", "/srv/web.before.qcow2", "/srv/web.img");
    set_disk(&made.disks[1], "xvdb", NULL, "/srv/data.qcow2");
    made.disks[0].driver = strdup("qcow2-overlay");
    made.disks[1].driver = strdup("qcow2-internal");
    text = libxl_domain_snapshot_config_text(sc, &made);
    check_golden("snapshot.cfg", text);
    free(text);
    libxl_domain_snapshot_dispose(&made);
}

static void a_snapshot_without_memory_is_written_and_read(void)
{
    libxl_domain_snapshot made;
    char *text;

    libxl_domain_snapshot_init(&made);
    libxl_defbool_set(&made.memory, false);
    text = libxl_domain_snapshot_config_text(sc, &made);
    CHECK_HAS(text, "memory = 0\n");
    CHECK_OK(read_text(text));
    CHECK(!libxl_defbool_is_default(snap.memory)
          && !libxl_defbool_val(snap.memory));
    free(text);
}

static void whether_there_is_memory_may_be_left_open(void)
{
    CHECK_OK(read_text("name = 'a'\n"));
    CHECK(libxl_defbool_is_default(snap.memory));
    CHECK_OK(read_text("memory = 1\n"));
    CHECK(libxl_defbool_val(snap.memory));
}

/* "xl snapshot-revert web <(generate-config)" */
static void a_config_may_come_through_a_pipe(void)
{
    char name[32];              /* the context's memory goes with the call */
    int fds[2], rc;

    REQUIRE(!pipe(fds));
    snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
    if (!fork()) {
        dprintf(fds[1], "name = 'a'\n");
        usleep(50000);
        dprintf(fds[1], "memory = 0\n");
        _exit(0);
    }
    close(fds[1]);
    rc = libxl_domain_snapshot_config_read(sc, name, &snap);
    wait(NULL);
    close(fds[0]);
    CHECK_OK(rc);
    CHECK_STR(snap.name, "a");
    CHECK(!libxl_defbool_is_default(snap.memory)
          && !libxl_defbool_val(snap.memory));
}

static void forget(void)
{
    libxl_domain_snapshot_dispose(&snap);
    CHECK(!snap.name);
}

TESTS(TEST(a_full_config_is_read), TEST(an_empty_target_is_internal),
      TEST(what_is_left_out_stays_empty),
      TEST(a_list_may_go_over_lines_with_comments),
      TEST(settings_may_share_a_line),
      TEST(what_libxlutil_does_not_know_is_refused),
      TEST(an_unknown_key_is_named_with_its_line),
      TEST(a_comment_may_end_the_file_without_a_newline),
      TEST(a_comment_does_not_hide_the_keys_after_it),
      TEST(what_is_no_xl_cfg_is_refused_with_its_line),
      TEST(a_value_of_the_wrong_kind_is_refused),
      TEST(a_disk_may_stand_in_disks_once),
      TEST(a_disk_needs_a_virtual_device),
      TEST(a_bad_disk_specification_is_quoted), TEST(parents_go_with_disks),
      TEST(a_hooks_disk_keeps_its_backend), TEST(drivers_go_with_disks),
      TEST(consistency_is_a_word_of_ours), TEST(numbers_have_bounds),
      TEST(no_memory_and_a_memory_path_contradict), TEST(identity_is_checked),
      TEST(what_is_no_text_file_is_refused),
      TEST(paths_come_back_as_they_were_written),
      TEST(control_characters_come_back), TEST(a_description_may_have_lines),
      TEST(a_trailing_comma_comes_back),
      TEST(a_written_config_is_as_recorded),
      TEST(a_snapshot_without_memory_is_written_and_read),
      TEST(a_config_may_come_through_a_pipe),
      TEST(whether_there_is_memory_may_be_left_open),
      { "nothing_stays_allocated", forget })
