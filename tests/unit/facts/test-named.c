/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-named.c: what a config names of the host, and what it may name that
 * another one does not.
 */
#include "../test.h"
#include "facts/facts.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct snap_named_list named(const char *config)
{
    struct snap_named_list list;

    CHECK_OK(snap_named_gather(sc, config, NULL, &list));
    return list;
}

/* What @config has that @other has not; @other NULL: there is none. */
static const char *other(const char *config, const char *than)
{
    struct snap_named_list list = named(config), of = { 0 };
    const char **texts, *all = "";
    int num, i;

    if (than) of = named(than);
    num = snap_named_others(sc, &list, than ? &of : NULL, &texts);
    for (i = 0; i < num; i++)
        all = snap_sprintf(sc, "%s%s%s", all, i ? "; " : "", texts[i]);
    return num ? all : "nothing";
}

#define B_INFO(text) "{\"b_info\":{" text "}}"
#define HVM(text) B_INFO("\"type.hvm\":{" text "}")

static void what_is_of_the_domain_alone_is_not_compared(void)
{
    CHECK_STR(other("{}", NULL), "nothing");
    CHECK_STR(other("{\"c_info\":{\"type\":\"hvm\",\"name\":\"web\",\"uuid\":"
                    "\"1\",\"xsdata\":{\"a\":\"b\"},\"run_hotplug_scripts\":"
                    "\"True\"},\"b_info\":{\"max_vcpus\":1,\"cmdline\":"
                    "\"root=/dev/xvda\",\"tsc_mode\":\"native\",\"localtime\""
                    ":\"True\",\"cpuid\":[{\"leaf\":1,\"eax\":\"0xx1\"}],"
                    "\"sched_params\":{\"sched\":\"credit\"},\"type.hvm\":{"
                    "\"bios\":\"seabios\",\"vga\":{\"kind\":\"std\"},"
                    "\"vnc\":{\"enable\":\"True\",\"passwd\":\"x,y\"},"
                    "\"ms_vm_genid\":[1,2]}},\"disks\":[{\"vdev\":\"xvda\","
                    "\"format\":\"raw\",\"backend\":\"qdisk\"}],\"nics\":[{"
                    "\"mac\":\"00:16:3e:00:00:01\",\"bridge\":\"br0\"}],"
                    "\"on_crash\":\"destroy\"}", NULL), "nothing");
}

static void what_root_runs_is(void)
{
    const char *model = B_INFO("\"device_model\":\"/a\"");

    CHECK_STR(other(model, NULL), "device_model_override is /a");
    CHECK_STR(other(model, B_INFO("\"device_model\":\"/b\"")),
              "device_model_override is /a");
    CHECK_STR(other(model, model), "nothing");
    CHECK_STR(other(B_INFO("\"bootloader\":\"pygrub\""), NULL), "nothing");
    CHECK_STR(other(B_INFO("\"bootloader\":\"/pygrub\""), NULL),
              "bootloader is /pygrub");
    CHECK_STR(other(B_INFO("\"type.pv\":{\"bootloader\":\"a\"}"), NULL),
              "bootloader is a");
}

/* In their order, and all of them. */
static void arguments_are_one_value(void)
{
    const char *both = B_INFO("\"extra\":[\"-a\",\"b\"]");

    CHECK_STR(other(both, both), "nothing");
    CHECK_STR(other(B_INFO("\"extra\":[\"b\"]"), both),
              "device_model_args is b");
    CHECK_STR(other(B_INFO("\"extra_hvm\":[\"-a\",\"b\"]"), both),
              "device_model_args_hvm is -a b");
}

/* A config may have 16,384 values and 1 MiB. */
static void many_arguments_take_little_memory(void)
{
    enum { NUM = 8000 };
    char *config = snap_zalloc(sc, NUM * 64 + 128), *end = config;
    struct rusage before, after;
    int i;

    end += sprintf(end, "{\"b_info\":{\"extra\":[\"-a\"");
    for (i = 0; i < NUM; i++) end += sprintf(end, ",\"%050d\"", i);
    end += sprintf(end, "],\"irqs\":[0");
    for (i = 0; i < NUM; i++) end += sprintf(end, ",%d", i);
    sprintf(end, "]}}");
    CHECK_INT(getrusage(RUSAGE_SELF, &before), 0);
    CHECK_INT(named(config).num, NUM);
    CHECK_INT(getrusage(RUSAGE_SELF, &after), 0);
#ifndef __SANITIZE_ADDRESS__    /* ASan keeps what is freed */
    CHECK(after.ru_maxrss - before.ru_maxrss < 100 << 10);
#endif
}

static void a_member_that_nobody_knows_counts_as_a_program(void)
{
    CHECK_STR(other(B_INFO("\"new\":\"/a\""), NULL), "b_info.new is /a");
    CHECK_STR(other("{\"news\":[{\"a\":{\"b\":\"c\"}}]}", NULL),
              "news.a.b is c");
    CHECK_STR(other(B_INFO("\"new\":\"True\",\"old\":7"), NULL), "nothing");
}

static void a_word_is_no_argument(void)
{
    CHECK_STR(other(HVM("\"serial\":\"pty\",\"keymap\":\"de\",\"boot\":\"dc\","
                        "\"vnc\":{\"listen\":\"[::]:1\"}"), NULL),
              "nothing");
    CHECK_STR(other(HVM("\"serial\":\"file:/a\""), NULL),
              "serial is file:/a");
    CHECK_STR(other(HVM("\"serial_list\":[\"pty\",\"tcp:a:1\"]"), NULL),
              "serial is pty tcp:a:1");
    CHECK_STR(other(HVM("\"boot\":\"c,splash=/a\""), NULL),
              "boot is c,splash=/a");
    CHECK_STR(other(HVM("\"keymap\":\"/a\""), NULL),
              "keymap is /a");
    CHECK_STR(other(HVM("\"vnc\":{\"listen\":\"unix:/a\"}"), NULL),
              "vnclisten is unix:/a");
    CHECK_STR(other("{\"nics\":[{\"model\":\"e1000,romfile=/a\"}]}", NULL),
              "vif model is e1000,romfile=/a");
    CHECK_STR(other("{\"nics\":[{\"ifname\":\"a,script=/a\"}]}", NULL),
              "vif vifname is a,script=/a");
}

static void a_script_of_xens_may_be_another(void)
{
    CHECK_STR(other("{\"nics\":[{\"script\":\"vif-route\"},{\"script\":"
                    "\"/etc/xen/scripts/vif-nat\"}]}", NULL), "nothing");
    CHECK_STR(other("{\"nics\":[{\"script\":\"../a\"}]}", NULL),
              "vif script is ../a");
    CHECK_STR(other("{\"disks\":[{\"script\":\"/etc/xen/scripts/../a\"}]}",
                    NULL), "disk script is /etc/xen/scripts/../a");
}

static void a_socket_is_in_a_folder_of_xens(void)
{
#define SOCKET(path) \
    "{\"channels\":[{\"connection.socket\":{\"path\":\"" path "\"}}]}"
    CHECK_STR(other(SOCKET("/var/run/xen/a"), NULL), "nothing");
    CHECK_STR(other(SOCKET("/run/xen/qmp-libxl-7"), NULL),
              "channel path is /run/xen/qmp-libxl-7");
    CHECK_STR(other(SOCKET("/run/xen/xl-snapshot.web.lock"), NULL),
              "channel path is "
              "/run/xen/xl-snapshot.web.lock");
    CHECK_STR(other(SOCKET("/run/xen/../a"), NULL),
              "channel path is /run/xen/../a");
    CHECK_STR(other(SOCKET("/etc/a"), SOCKET("/etc/a")), "nothing");
}

static const char *kernel(const char *path)
{
    return snap_sprintf(sc, B_INFO("\"kernel\":\"%s\""), path);
}

/* The guest may read it when it is booted next, or see it as a disk. */
static void a_file_is_one_that_everybody_may_read(void)
{
    const char *path = tmp_text("kernel", "x");

    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(chmod(tmp_path(""), 0755), 0);
    CHECK_STR(other(kernel(path), NULL), "nothing");
    CHECK_INT(chmod(path, 0640), 0);
    CHECK_STR(other(kernel(path), NULL),
              snap_sprintf(sc, "kernel is %s", path));
    CHECK_STR(other(kernel(path), kernel(path)), "nothing");
    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(chmod(tmp_path(""), 0700), 0);
    CHECK_STR(other(kernel(path), NULL),
              snap_sprintf(sc, "kernel is %s", path));
    CHECK_STR(other(kernel("/dev/null"), NULL), "kernel is /dev/null");
    CHECK_STR(other(kernel("/absent"), NULL), "kernel is /absent (missing)");
}

static void the_disks_of_a_snapshot_are_its_own_matter(void)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda" };
    const libxl_domain_snapshot snap = { .num_disks = 1, .disks = &ds };
    struct snap_named_list list;
    const char **texts;

    CHECK_OK(snap_named_gather(
        sc, "{\"disks\":[{\"vdev\":\"xvda\",\"pdev_path\":\"/absent\"},"
        "{\"vdev\":\"hdc\",\"pdev_path\":\"/absent/too\"}]}", &snap, &list));
    REQUIRE(snap_named_others(sc, &list, NULL, &texts) == 1);
    CHECK_STR(texts[0], "disk target is /absent/too (missing)");
    CHECK_INT(list.num, 1);
}

/* The guest would change it. */
static void a_writable_image_is_one_that_the_domain_has(void)
{
    const char *path = tmp_text("image", "x");
    const char *readable = snap_sprintf(
        sc, "{\"disks\":[{\"vdev\":\"hdc\",\"pdev_path\":\"%s\","
        "\"readwrite\":0}]}", path);
    const char *writable = snap_sprintf(
        sc, "{\"disks\":[{\"vdev\":\"hdc\",\"pdev_path\":\"%s\","
        "\"readwrite\":1}]}", path);
    const char *is = snap_sprintf(sc, "writable disk target is %s",
                                  path);

    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(chmod(tmp_path(""), 0755), 0);
    CHECK_STR(other(readable, NULL), "nothing");
    CHECK_STR(other(writable, NULL), is);
    CHECK_STR(other(writable, readable), is);
    CHECK_STR(other(writable, writable), "nothing");
    CHECK_STR(other(readable, writable), "nothing");
}

static void a_device_is_one_value(void)
{
    const char *two = "{\"pcidevs\":[{\"bus\":1,\"dev\":2},{\"bus\":3,"
        "\"dev\":4,\"permissive\":true,\"rdm_policy\":\"strict\"}]}";

    CHECK_STR(other(two, two), "nothing");
    CHECK_STR(other("{\"pcidevs\":[{\"bus\":1,\"dev\":4}]}", two),
              "pci is 0:1:4:0");
    CHECK_STR(other("{\"pcidevs\":[{\"name\":\"gpu\"}]}", two),
              "pci is 0:0:0:0 name=gpu");
    CHECK_STR(other("{\"pcidevs\":[{\"bus\":1,\"dev\":2,\"permissive\":"
                    "true}]}", two), "pci is 0:1:2:0 permissive=True");
    CHECK_STR(other("{\"pcidevs\":[{}]}", two), "pci is 0:0:0:0");
    CHECK_STR(other("{\"usbdevs\":[{\"type.hostdev\":{\"hostbus\":1,"
                    "\"hostaddr\":2}}]}", NULL),
              "usbdev is 1:2");
    CHECK_STR(other(B_INFO("\"irqs\":[7]"), NULL), "irqs is 7");
    CHECK_STR(other("{\"vkbs\":[{\"backend_domname\":\"evil\"}]}", NULL),
              "backend is evil");
}

/* Without it QEMU would have more rights than before. */
static void what_keeps_qemu_in_stays(void)
{
    const char *kept = B_INFO("\"dm_restrict\":\"True\","
                              "\"device_model_user\":\"qemu\"");

    CHECK_STR(other("{}", kept), "dm_restrict is not True; "
              "device_model_user is not qemu");
    CHECK_STR(other(B_INFO("\"dm_restrict\":\"True\","
                           "\"device_model_user\":\"root\""), kept),
              "device_model_user is not qemu");
    CHECK_STR(other(kept, "{}"), "nothing");
    CHECK_STR(other(kept, kept), "nothing");
    CHECK_STR(other(B_INFO("\"device_model\":\"/a\",\"extra\":[\"-b\"]"),
                    kept),
              "device_model_override is /a; device_model_args is -b; "
              "dm_restrict is not True; device_model_user is not qemu");
}

/* What is not shown is told to be there. */
static void a_long_value_is_cut(void)
{
    char *config = snap_zalloc(sc, 400);

    sprintf(config, "{\"b_info\":{\"device_model\":\"/%0300d\"}}", 0);
    CHECK_HAS(other(config, NULL), "device_model_override is /0000");
    CHECK_HAS(other(config, NULL), "000... (45 bytes more)");
}

static void a_pygrub_of_xens_is_no_harm(void)
{
#define BOOTLOADER(path) other(B_INFO("\"bootloader\":\"" path "\""), NULL)
    CHECK_STR(BOOTLOADER("/usr/bin/pygrub"), "nothing");
    CHECK_STR(BOOTLOADER("/usr/lib/xen-4.17/bin/pygrub"), "nothing");
    CHECK_STR(BOOTLOADER("/usr/libexec/xen/bin/pygrub"), "nothing");
    CHECK_STR(BOOTLOADER("/usr/lib/xen/../a/bin/pygrub"),
              "bootloader is /usr/lib/xen/../a/bin/pygrub");
    CHECK_STR(BOOTLOADER("bin/pygrub"), "bootloader is bin/pygrub");
    CHECK_STR(other(B_INFO("\"device_model\":\"/usr/bin/pygrub\""), NULL),
              "device_model_override is /usr/bin/pygrub");
}

static void what_is_no_config_is_refused(void)
{
    struct snap_named_list list;

    CHECK_FAILS(snap_named_gather(sc, "[]", NULL, &list), ERROR_INVAL,
                "not a JSON object");
}

TESTS(TEST(what_is_of_the_domain_alone_is_not_compared),
      TEST(what_root_runs_is),
      TEST(arguments_are_one_value),
      TEST(many_arguments_take_little_memory),
      TEST(a_member_that_nobody_knows_counts_as_a_program),
      TEST(a_word_is_no_argument),
      TEST(a_script_of_xens_may_be_another),
      TEST(a_socket_is_in_a_folder_of_xens),
      TEST(a_file_is_one_that_everybody_may_read),
      TEST(the_disks_of_a_snapshot_are_its_own_matter),
      TEST(a_writable_image_is_one_that_the_domain_has),
      TEST(a_device_is_one_value),
      TEST(what_keeps_qemu_in_stays),
      TEST(a_long_value_is_cut),
      TEST(a_pygrub_of_xens_is_no_harm),
      TEST(what_is_no_config_is_refused))
