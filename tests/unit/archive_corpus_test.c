/* Archives that other projects test themselves with: each is listed and
 * extracted cleanly, or refused for a known reason; nothing is ever written
 * outside the target. */
#include "archive_build.h"
#include "archive_corpus.h"

#include <stdlib.h>

#include "hm_run.h"

struct verdict {
    const char *folder;
    const char *name;   /* .uu: uuencoded */
    const char *reason; /* "": accepted */
    unsigned members;
};

static const struct verdict verdicts[] = {
    {CORPUS_GO, "gnu-incremental.tar", "archive.member.kind", 0},
    {CORPUS_GO, "gnu-long-nul.tar", "archive.tar.prefix", 0},
    {CORPUS_GO, "gnu-nil-sparse-data.tar", "archive.member.kind", 0},
    {CORPUS_GO, "gnu-sparse-big.tar", "archive.member.kind", 0},
    {CORPUS_GO, "gnu.tar", "", 2},
    {CORPUS_GO, "hdr-only.tar", "archive.member.kind", 1},
    {CORPUS_GO, "issue12435.tar", "archive.tar.magic", 0},
    {CORPUS_GO, "pax-global-records.tar", "archive.pax.key", 0},
    {CORPUS_GO, "pax-nil-sparse-data.tar", "archive.pax.key", 0},
    {CORPUS_GO, "pax-nul-xattrs.tar", "archive.pax.key", 0},
    {CORPUS_GO, "small.txt", "archive.tar.magic", 0},
    {CORPUS_GO, "sparse-formats.tar", "archive.member.kind", 0},
    {CORPUS_GO, "star.tar", "archive.tar.field", 0},
    {CORPUS_GO, "ustar.tar", "", 1},
    {CORPUS_GO, "v7.tar", "archive.tar.magic", 0},
    {CORPUS_GO, "writer-big-long.tar", "archive.limit.bytes", 0},
    {CORPUS_GO, "writer-big.tar", "archive.limit.bytes", 0},
    {CORPUS_GO_GZ, "longlink.tar.gz", "", 18},
    {CORPUS_GO_GZ, "notenoughnils.tar.gz", "archive.tar.end", 1},
    {CORPUS_RS, "7z_long_path.tar", "", 2},
    {CORPUS_RS, "biguid_gnu.tar", "", 1},
    {CORPUS_RS, "biguid_pax.tar", "", 1},
    {CORPUS_RS, "directory.tar", "", 3},
    {CORPUS_RS, "duplicate_dirs.tar", "archive.member.duplicate", 1},
    {CORPUS_RS, "empty_filename.tar", "archive.tar.field", 0},
    {CORPUS_RS, "file_times.tar", "", 1},
    {CORPUS_RS, "link.tar", "", 2},
    {CORPUS_RS, "pax.tar", "", 2},
    {CORPUS_RS, "pax2.tar", "", 5},
    {CORPUS_RS, "pax_size.tar", "archive.pax.value", 0},
    {CORPUS_RS, "reading_files.tar", "", 2},
    {CORPUS_RS, "simple.tar", "", 3},
    {CORPUS_RS, "simple_missing_last_header.tar", "", 3},
    {CORPUS_RS, "spaces.tar", "archive.tar.magic", 0},
    {CORPUS_RS, "sparse-1.tar", "archive.member.kind", 0},
    {CORPUS_RS, "sparse-large.tar", "archive.member.kind", 0},
    {CORPUS_RS, "sparse.tar", "archive.member.kind", 0},
    {CORPUS_RS, "xattrs.tar", "archive.pax.key", 1},
    {CORPUS_LA, "test_compat_bzip2_2.tbz.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_mac-1.tar.Z.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_perl_archive_tar.tar.uu", "", 1},
    {CORPUS_LA, "test_compat_solaris_pax_sparse_1.pax.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_solaris_pax_sparse_2.pax.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_star_acl_nfs4.tar.uu", "archive.tar.field", 0},
    {CORPUS_LA, "test_compat_tar_directory_1.tar.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_1.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_2.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_3.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_4.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_5.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_6.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zip_8.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_compat_zstd_2.tar.zst.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_pax_filename_encoding.tar.uu", "archive.pax.key", 0},
    {CORPUS_LA, "test_pax_xattr_header_schily.tar.uu", "archive.pax.key", 0},
    {CORPUS_LA, "test_read_format_cpio_afio_header.part1.cpio.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_cpio_filename_koi8r.cpio.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_cpio_filename_utf8_jp.cpio.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_cpio_svr4_bzip2_rpm.rpm.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_cpio_svr4_gzip_rpm.rpm.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_gtar_filename_eucjp.tar.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_gtar_filename_koi8r.tar.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_tar_V_negative_size.tar.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_tar_acl_oob_read.tar.uu", "archive.pax.key",
     0},
    {CORPUS_LA, "test_read_format_tar_concatenated.tar.uu",
     "archive.tar.trailing", 1},
    {CORPUS_LA, "test_read_format_tar_empty_filename.tar.uu",
     "archive.member.name", 0},
    {CORPUS_LA, "test_read_format_tar_empty_pax.tar.Z.uu", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_read_format_tar_empty_with_gnulabel.tar.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_tar_pax_g_large.tar.uu", "archive.limit.pax",
     0},
    {CORPUS_LA, "test_read_format_tar_pax_negative_time.tar.uu",
     "archive.tar.number", 0},
    {CORPUS_LA, "test_read_format_ustar_filename_eucjp.tar.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_ustar_filename_koi8r.tar.Z.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_7z_deflate.zip.uu", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_read_format_zip_bz2_hang.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_encryption_data.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_filename_cp866.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_filename_utf8_ru.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_high_compression.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_mac_metadata.zip.uu", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_read_format_zip_msdos.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_nested.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_nofiletype.zip.uu", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_read_format_zip_padded2.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_pkware_unix.zip.uu", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_read_format_zip_symlink_unsupported_compression.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_traditional_encryption_data.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_uncompressed_size_off_by_4gib.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_ux.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_with_invalid_traditional_eocd.zip.uu",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_zip64a.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_zip_zip64b.zip.uu", "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_pax_empty_val_no_nl.tar.uu", "archive.tar.padding",
     0},
    {CORPUS_LA, "test_read_pax_xattr_schily.tar.uu", "archive.pax.key", 0},
    {CORPUS_LA, "test_write_disk_mac_metadata.tar.gz.uu", "archive.pax.key", 1},
};

static void load(const struct verdict *v, struct hm_buf *out)
{
    corpus_load(v->folder, v->name, out);
}

static void each_archive_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(BUILD_MAX);
        uint64_t members = 0;
        struct hm_err e = {0};

        load(&verdicts[i], &bytes);
        (void)(build_read(hm_buf_view(&bytes), &members, &e) == HM_OK);
        if (strcmp(e.reason, verdicts[i].reason) != 0 ||
            members != verdicts[i].members)
            fail_msg("%s: expected [%s] and %u members, got [%s] and %llu: %s",
                     verdicts[i].name, verdicts[i].reason, verdicts[i].members,
                     e.reason, (unsigned long long)members, e.text);
    }
}

/* A guard directory that holds the target, a canary and nothing else. */
static void extract_guarded(const struct verdict *v, struct hm_temp *guard)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_file) f = HM_FILE_INIT;
    HM_OWN(hm_dir) target = HM_DIR_INIT;
    HM_OWN(hm_dir) top = HM_DIR_INIT;
    struct hm_archive_result result;
    struct hm_archive_result checked;
    struct hm_err e = {0};
    hm_rc rc;

    load(v, &bytes);
    hm_temp_write(guard, "canary", "alive");
    assert_ok(hm_file_save(hm_temp_path(guard, "archive"), hm_buf_view(&bytes),
                           HM_OUT_NEW, &e),
              &e);
    assert_ok(hm_file_open(&f, hm_temp_path(guard, "archive"), &e), &e);
    assert_ok(hm_dir_make(&target, hm_temp_path(guard, "target"), &e), &e);
    rc = hm_archive_check(&f, &build_limits, &checked, &e);
    assert_string_equal(rc == HM_OK ? "" : e.reason, v->reason);
    rc = hm_archive_extract(&f, &target, &build_limits, &result, &e);
    assert_string_equal(rc == HM_OK ? "" : e.reason, v->reason);
    if (rc != HM_OK)
        assert_int_equal(result.file.size, 0);
    assert_int_equal(checked.file.size, result.file.size);
    assert_int_equal(checked.entries, result.entries);
    assert_memory_equal(checked.content.sha256, result.content.sha256,
                        HM_SHA256_SIZE);
    assert_ok(hm_dir_open(&top, guard->path, &e), &e);
    assert_ok(hm_dir_list(&top, &names, &e), &e);
    assert_int_equal(names.n, 3);
    assert_true(hm_names_has(&names, "archive") &&
                hm_names_has(&names, "canary") &&
                hm_names_has(&names, "target"));
}

static void no_archive_writes_outside_its_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
        struct hm_temp guard;
        HM_OWN(hm_buf) canary = HM_BUF_INIT(64);

        hm_temp_make(&guard);
        extract_guarded(&verdicts[i], &guard);
        hm_temp_read(&guard, "canary", &canary);
        assert_bytes_equal(hm_buf_view(&canary), HM_LIT("alive"));
        hm_temp_clear(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_archive_has_its_verdict),
        cmocka_unit_test(no_archive_writes_outside_its_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
