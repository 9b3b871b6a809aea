/* What each archive that other projects test themselves with is, or why it is
 * refused: every file of the published folders, none left out. */
#include "archive_corpus.h"

#include "hm_image.h"

struct verdict {
    const char *folder;
    const char *name;
    const char *kind;   /* "": refused */
    const char *reason; /* "": accepted */
    unsigned members;   /* of an accepted one */
};

static const struct verdict verdicts[] = {
    {CORPUS_GO, "gnu-incremental.tar", "", "archive.member.kind", 0},
    {CORPUS_GO, "gnu-long-nul.tar", "", "archive.tar.prefix", 0},
    {CORPUS_GO, "gnu-nil-sparse-data.tar", "", "archive.member.kind", 0},
    {CORPUS_GO, "gnu-sparse-big.tar", "", "archive.member.kind", 0},
    {CORPUS_GO, "gnu.tar", "tar", "", 2},
    {CORPUS_GO, "hdr-only.tar", "", "archive.member.kind", 0},
    {CORPUS_GO, "issue12435.tar", "", "image.kind.unknown", 0},
    {CORPUS_GO, "pax-global-records.tar", "", "archive.pax.key", 0},
    {CORPUS_GO, "pax-nil-sparse-data.tar", "", "archive.pax.key", 0},
    {CORPUS_GO, "pax-nul-xattrs.tar", "", "archive.pax.key", 0},
    {CORPUS_GO, "small.txt", "", "image.kind.unknown", 0},
    {CORPUS_GO, "sparse-formats.tar", "", "archive.member.kind", 0},
    {CORPUS_GO, "star.tar", "", "archive.tar.field", 0},
    {CORPUS_GO, "ustar.tar", "tar", "", 1},
    {CORPUS_GO, "v7.tar", "", "archive.tar.magic", 0},
    {CORPUS_GO, "writer-big-long.tar", "", "archive.tar.truncated", 0},
    {CORPUS_GO, "writer-big.tar", "", "archive.tar.truncated", 0},
    {CORPUS_GO_GZ, "longlink.tar.gz", "tar.gz", "", 18},
    {CORPUS_GO_GZ, "notenoughnils.tar.gz", "", "archive.tar.end", 0},
    {CORPUS_RS, "7z_long_path.tar", "tar", "", 2},
    {CORPUS_RS, "biguid_gnu.tar", "tar", "", 1},
    {CORPUS_RS, "biguid_pax.tar", "tar", "", 1},
    {CORPUS_RS, "directory.tar", "tar", "", 3},
    {CORPUS_RS, "duplicate_dirs.tar", "", "archive.member.duplicate", 0},
    {CORPUS_RS, "empty_filename.tar", "", "archive.tar.field", 0},
    {CORPUS_RS, "file_times.tar", "tar", "", 1},
    {CORPUS_RS, "link.tar", "tar", "", 2},
    {CORPUS_RS, "pax.tar", "tar", "", 2},
    {CORPUS_RS, "pax2.tar", "tar", "", 5},
    {CORPUS_RS, "pax_size.tar", "", "archive.pax.value", 0},
    {CORPUS_RS, "reading_files.tar", "tar", "", 2},
    {CORPUS_RS, "simple.tar", "tar", "", 3},
    {CORPUS_RS, "simple_missing_last_header.tar", "tar", "", 3},
    {CORPUS_RS, "spaces.tar", "", "archive.tar.magic", 0},
    {CORPUS_RS, "sparse-1.tar", "", "archive.member.kind", 0},
    {CORPUS_RS, "sparse-large.tar", "", "archive.member.kind", 0},
    {CORPUS_RS, "sparse.tar", "", "archive.member.kind", 0},
    {CORPUS_RS, "xattrs.tar", "", "archive.pax.key", 0},
    {CORPUS_LA, "test_compat_bzip2_2.tbz.uu", "bzip2", "", 0},
    {CORPUS_LA, "test_compat_mac-1.tar.Z.uu", "compress", "", 0},
    {CORPUS_LA, "test_compat_perl_archive_tar.tar.uu", "tar", "", 1},
    {CORPUS_LA, "test_compat_solaris_pax_sparse_1.pax.Z.uu", "compress", "", 0},
    {CORPUS_LA, "test_compat_solaris_pax_sparse_2.pax.Z.uu", "compress", "", 0},
    {CORPUS_LA, "test_compat_star_acl_nfs4.tar.uu", "", "archive.tar.field", 0},
    {CORPUS_LA, "test_compat_tar_directory_1.tar.uu", "", "archive.tar.magic",
     0},
    {CORPUS_LA, "test_compat_zip_1.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_compat_zip_2.zip.uu", "", "image.zip.order", 0},
    {CORPUS_LA, "test_compat_zip_3.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_compat_zip_4.zip.uu", "", "image.kind.unknown", 0},
    {CORPUS_LA, "test_compat_zip_5.zip.uu", "zip", "", 12},
    {CORPUS_LA, "test_compat_zip_6.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_compat_zip_8.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_compat_zstd_2.tar.zst.uu", "zstd", "", 0},
    {CORPUS_LA, "test_pax_filename_encoding.tar.uu", "", "archive.pax.key", 0},
    {CORPUS_LA, "test_pax_xattr_header_schily.tar.uu", "", "archive.pax.key",
     0},
    {CORPUS_LA, "test_read_format_cpio_afio_header.part1.cpio.uu", "",
     "image.kind.unknown", 0},
    {CORPUS_LA, "test_read_format_cpio_filename_koi8r.cpio.uu", "cpio", "", 2},
    {CORPUS_LA, "test_read_format_cpio_filename_utf8_jp.cpio.uu", "cpio", "",
     2},
    {CORPUS_LA, "test_read_format_cpio_svr4_bzip2_rpm.rpm.uu", "rpm", "", 0},
    {CORPUS_LA, "test_read_format_cpio_svr4_gzip_rpm.rpm.uu", "rpm", "", 0},
    {CORPUS_LA, "test_read_format_gtar_filename_eucjp.tar.Z.uu", "compress", "",
     0},
    {CORPUS_LA, "test_read_format_gtar_filename_koi8r.tar.Z.uu", "compress", "",
     0},
    {CORPUS_LA, "test_read_format_tar_V_negative_size.tar.uu", "",
     "image.kind.unknown", 0},
    {CORPUS_LA, "test_read_format_tar_acl_oob_read.tar.uu", "",
     "archive.pax.key", 0},
    {CORPUS_LA, "test_read_format_tar_concatenated.tar.uu", "",
     "archive.tar.trailing", 0},
    {CORPUS_LA, "test_read_format_tar_empty_filename.tar.uu", "",
     "archive.member.name", 0},
    {CORPUS_LA, "test_read_format_tar_empty_pax.tar.Z.uu", "compress", "", 0},
    {CORPUS_LA, "test_read_format_tar_empty_with_gnulabel.tar.uu", "",
     "archive.tar.magic", 0},
    {CORPUS_LA, "test_read_format_tar_pax_g_large.tar.uu", "",
     "archive.limit.pax", 0},
    {CORPUS_LA, "test_read_format_tar_pax_negative_time.tar.uu", "",
     "archive.tar.number", 0},
    {CORPUS_LA, "test_read_format_ustar_filename_eucjp.tar.Z.uu", "compress",
     "", 0},
    {CORPUS_LA, "test_read_format_ustar_filename_koi8r.tar.Z.uu", "compress",
     "", 0},
    {CORPUS_LA, "test_read_format_zip.zip.uu", "", "image.zip.differs", 0},
    {CORPUS_LA, "test_read_format_zip_7z_deflate.zip.uu", "zip", "", 3},
    {CORPUS_LA, "test_read_format_zip_bz2_hang.zip.uu", "", "image.zip.end", 0},
    {CORPUS_LA, "test_read_format_zip_encryption_data.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_filename_cp866.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_filename_utf8_ru.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_high_compression.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_read_format_zip_mac_metadata.zip.uu", "zip", "", 3},
    {CORPUS_LA, "test_read_format_zip_msdos.zip.uu", "zip", "", 6},
    {CORPUS_LA, "test_read_format_zip_nested.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_nofiletype.zip.uu", "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_padded2.zip.uu", "", "image.zip.end", 0},
    {CORPUS_LA, "test_read_format_zip_pkware_unix.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_read_format_zip_symlink_unsupported_compression.zip.uu",
     "", "archive.member.target", 0},
    {CORPUS_LA, "test_read_format_zip_traditional_encryption_data.zip.uu",
     "zip", "", 2},
    {CORPUS_LA, "test_read_format_zip_uncompressed_size_off_by_4gib.zip.uu", "",
     "image.zip.size", 0},
    {CORPUS_LA, "test_read_format_zip_ux.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_read_format_zip_with_invalid_traditional_eocd.zip.uu", "",
     "image.zip.end", 0},
    {CORPUS_LA, "test_read_format_zip_zip64a.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_read_format_zip_zip64b.zip.uu", "zip", "", 1},
    {CORPUS_LA, "test_read_pax_empty_val_no_nl.tar.uu", "",
     "archive.tar.padding", 0},
    {CORPUS_LA, "test_read_pax_xattr_schily.tar.uu", "", "archive.pax.key", 0},
    {CORPUS_LA, "test_write_disk_mac_metadata.tar.gz.uu", "", "archive.pax.key",
     0},
};
#define VERDICTS (sizeof(verdicts) / sizeof(*verdicts))

HM_MUST static hm_rc count(void *ctx, const struct hm_image_member *m,
                           struct hm_err *e)
{
    (void)e;
    assert_true(m->m->path[0] != '\0' && m->m->path[0] != '/');
    assert_null(strstr(m->m->path, "../"));
    ++*(unsigned *)ctx;
    return HM_OK;
}

/* As `hallmark-pack list` reads it. */
HM_MUST static hm_rc list(struct hm_bytes bytes, struct hm_image *image,
                          unsigned *members, struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    const struct hm_image_visitor visitor = {count, members};
    struct hm_archive_result result;

    *members = 0;
    HM_TRY(hm_image_read_bytes(bytes, image, e));
    HM_TRY(hm_image_list_bytes(bytes, image, &limits, &visitor, &result, e));
    assert_int_equal(result.file.size, bytes.n);
    assert_int_equal(result.entries, *members);
    return HM_OK;
}

static void each_archive_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERDICTS; i++) {
        const struct verdict *v = &verdicts[i];
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(BUILD_MAX);
        HM_OWN(hm_image) image = HM_IMAGE_INIT;
        unsigned members = 0;
        struct hm_err e = {0};
        hm_rc rc;

        corpus_load(v->folder, v->name, &bytes);
        rc = list(hm_buf_view(&bytes), &image, &members, &e);
        if (rc != HM_OK ? strcmp(e.reason, v->reason) != 0
                        : v->reason[0] != '\0' || members != v->members ||
                              strcmp(image.kind, v->kind) != 0)
            fail_msg("%s: expected %s [%s] and %u members, got %s [%s] and %u: "
                     "%s",
                     v->name, v->kind, v->reason, v->members,
                     rc == HM_OK ? image.kind : "", e.reason, members, e.text);
        assert_int_equal(rc == HM_OK ? 0 : 1, hm_rc_exit_status(rc));
    }
}

static void no_archive_is_left_out(void **state)
{
    static const char *const folders[] = {CORPUS_GO, CORPUS_GO_GZ, CORPUS_RS,
                                          CORPUS_LA};
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        HM_OWN(hm_names) names = HM_NAMES_INIT;
        HM_OWN(hm_dir) d = HM_DIR_INIT;
        char path[512];
        struct hm_err e = {0};

        (void)snprintf(path, sizeof(path), "%s/third-party/%s", HM_TESTDATA,
                       folders[i]);
        assert_ok(hm_dir_open(&d, path, &e), &e);
        assert_ok(hm_dir_list(&d, &names, &e), &e);
        n += names.n;
    }
    assert_int_equal(n, VERDICTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_archive_has_its_verdict),
        cmocka_unit_test(no_archive_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
