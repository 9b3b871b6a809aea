#include "pack_cli_priv.h"

const struct hm_opt pack_list_opts[] = {HM_OPT_END};

/* hm_show() cuts what is long, so it gets one piece at a time. */
static void print_name(const char *s)
{
    const size_t piece = 32;

    while (*s != '\0') {
        const size_t n = strnlen(s, piece);

        (void)fputs(hm_show(((struct hm_bytes){(const uint8_t *)s, n})),
                    stdout);
        s += n;
    }
}

static void say_member(const struct hm_cli *cli,
                       const struct hm_archive_member *m)
{
    static const char letters[] = {
        [HM_ARCHIVE_FILE] = '-',
        [HM_ARCHIVE_DIR] = 'd',
        [HM_ARCHIVE_SYMLINK] = 'l',
        [HM_ARCHIVE_HARDLINK] = 'h',
    };
    char time[HM_TIME_TEXT] = "before 1970";

    if (cli->json || cli->quiet)
        return;
    if (m->mtime >= 0 && m->mtime <= HM_TIME_MAX)
        (void)hm_time_format(m->mtime, time);
    (void)printf("%c%04o %llu/%llu %12llu %s ", letters[m->kind], m->mode,
                 (unsigned long long)m->uid, (unsigned long long)m->gid,
                 (unsigned long long)m->size, time);
    print_name(m->path);
    if (m->target[0] != '\0')
        (void)fputs(" -> ", stdout);
    print_name(m->target);
    (void)putchar('\n');
}

void pack_put_name(struct hm_json_writer *w, const char *key, const char *s)
{
    hm_json_put_text(w, key, hm_archive_is_utf8(s) ? s : hm_show_str(s));
}

/* Their names: values may be anything. */
static void put_xattrs(struct hm_json_writer *w,
                       const struct hm_archive_member *m)
{
    struct hm_bytes rest = m->xattrs;
    struct hm_archive_xattr x;

    if (rest.n == 0)
        return;
    hm_json_open_array(w, "xattrs");
    while (hm_archive_take_xattr(&rest, &x))
        hm_json_put_text(w, NULL, hm_show(x.name));
    hm_json_close_array(w);
}

static void put_member(struct hm_json_writer *w,
                       const struct hm_archive_member *m)
{
    hm_json_open_object(w, NULL);
    pack_put_name(w, "path", m->path);
    hm_json_put_text(w, "kind", hm_archive_kind_name(m->kind));
    if (m->target[0] != '\0')
        pack_put_name(w, "target", m->target);
    hm_json_put_uint(w, "size", m->size);
    hm_json_put_uint(w, "mode", m->mode);
    if (m->mtime >= 0)
        hm_json_put_uint(w, "mtime", (uint64_t)m->mtime);
    hm_json_put_uint(w, "uid", m->uid);
    hm_json_put_uint(w, "gid", m->gid);
    put_xattrs(w, m);
    hm_json_put_uint(w, "offset", m->offset);
    hm_json_close_object(w);
}

HM_MUST static hm_rc list_members(struct hm_cli *cli, struct hm_json_writer *w,
                                  struct hm_archive_reader *r, struct hm_err *e)
{
    const struct hm_archive_member *m = NULL;

    hm_json_open_array(w, "members");
    for (;;) {
        HM_TRY(hm_archive_next(r, &m, e));
        if (m == NULL)
            break;
        say_member(cli, m);
        if (cli->json)
            put_member(w, m);
    }
    hm_json_close_array(w);
    return HM_OK;
}

HM_MUST static hm_rc list(struct hm_cli *cli, struct hm_json_writer *w,
                          const struct hm_file *f, struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    HM_OWN(hm_archive_reader) reader = HM_ARCHIVE_READER_INIT;
    struct hm_archive_result result;

    HM_TRY(hm_archive_open(&reader, f, &limits, e));
    HM_TRY(list_members(cli, w, &reader, e));
    HM_TRY(hm_archive_finish(&reader, &result, e));
    pack_put_digests(w, &result);
    hm_json_close_object(w);
    return hm_json_finish(w, e);
}

hm_rc pack_list_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_json_writer w;
    hm_rc rc;

    HM_TRY(hm_file_open(&f, cli->argv[0], e));
    hm_cli_result(cli, &w, true);
    rc = list(cli, &w, &f, e);
    if (rc != HM_OK)
        hm_buf_clear(&cli->result); /* half a list is no result */
    return hm_context(e, rc, "cannot list '%s'", hm_show_str(cli->argv[0]));
}
