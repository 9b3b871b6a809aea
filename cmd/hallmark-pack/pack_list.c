#include "hm_image.h"
#include "pack_cli_priv.h"

/* One run of list. */
struct list {
    struct hm_cli *cli;
    struct hm_json_writer *w;
    struct hm_image image;
};

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

/* What a zip does with a member's content. */
static void print_method(const struct hm_image_member *member)
{
    (void)printf(" [%s%s%s]", member->method,
                 member->is_encrypted ? ", encrypted" : "",
                 member->is_checked ? "" : ", content not checked");
}

static void say_member(const struct list *l,
                       const struct hm_image_member *member)
{
    static const char letters[] = {
        [HM_ARCHIVE_FILE] = '-',
        [HM_ARCHIVE_DIR] = 'd',
        [HM_ARCHIVE_SYMLINK] = 'l',
        [HM_ARCHIVE_HARDLINK] = 'h',
    };
    const struct hm_archive_member *m = member->m;
    char time[HM_TIME_TEXT] = "before 1970";

    if (l->cli->json || l->cli->quiet)
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
    if (strcmp(l->image.kind, "zip") == 0)
        print_method(member);
    (void)putchar('\n');
}

void pack_put_name(struct hm_json_writer *w, const char *key, const char *s)
{
    hm_json_put_text(w, key, hm_archive_is_utf8(s) ? s : hm_show_str(s));
}

static void put_method(struct hm_json_writer *w,
                       const struct hm_image_member *member)
{
    hm_json_put_text(w, "method", member->method);
    hm_json_put_uint(w, "stored", member->stored);
    hm_json_put_bool(w, "encrypted", member->is_encrypted);
    hm_json_put_bool(w, "checked", member->is_checked);
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

static void put_member(const struct list *l,
                       const struct hm_image_member *member)
{
    const struct hm_archive_member *m = member->m;

    hm_json_open_object(l->w, NULL);
    pack_put_name(l->w, "path", m->path);
    hm_json_put_text(l->w, "kind", hm_archive_kind_name(m->kind));
    if (m->target[0] != '\0')
        pack_put_name(l->w, "target", m->target);
    hm_json_put_uint(l->w, "size", m->size);
    hm_json_put_uint(l->w, "mode", m->mode);
    if (m->mtime >= 0)
        hm_json_put_uint(l->w, "mtime", (uint64_t)m->mtime);
    hm_json_put_uint(l->w, "uid", m->uid);
    hm_json_put_uint(l->w, "gid", m->gid);
    put_xattrs(l->w, m);
    hm_json_put_uint(l->w, "offset", m->offset);
    if (strcmp(l->image.kind, "zip") == 0)
        put_method(l->w, member);
    hm_json_close_object(l->w);
}

HM_MUST static hm_rc show(void *ctx, const struct hm_image_member *member,
                          struct hm_err *e)
{
    const struct list *l = ctx;

    (void)e;
    say_member(l, member);
    if (l->cli->json)
        put_member(l, member);
    return HM_OK;
}

static void say_image(const struct list *l)
{
    hm_cli_say(l->cli, "%s: %s%s", hm_show_str(l->cli->argv[0]), l->image.what,
               l->image.by_magic ? ", by its first bytes alone" : "");
    for (size_t i = 0; i < l->image.facts; i++) {
        const struct hm_image_fact *f = &l->image.fact[i];

        if (!f->is_number)
            hm_cli_say(l->cli, "  %-18s %s", f->name, f->text);
        else if (f->text[0] == '\0')
            hm_cli_say(l->cli, "  %-18s %llu", f->name,
                       (unsigned long long)f->number);
        else
            hm_cli_say(l->cli, "  %-18s %llu (%s)", f->name,
                       (unsigned long long)f->number, f->text);
    }
}

/* What a JSON number cannot hold is told in its text alone. */
static void put_image(const struct list *l)
{
    hm_json_put_text(l->w, "kind", l->image.kind);
    hm_json_put_text(l->w, "description", l->image.what);
    hm_json_put_bool(l->w, "by_magic", l->image.by_magic);
    hm_json_open_array(l->w, "facts");
    for (size_t i = 0; i < l->image.facts; i++) {
        const struct hm_image_fact *f = &l->image.fact[i];
        const bool fits = f->is_number && f->number <= HM_JSON_INT_MAX;
        char large[32];

        (void)snprintf(large, sizeof(large), "%llu",
                       (unsigned long long)f->number);
        hm_json_open_object(l->w, NULL);
        hm_json_put_text(l->w, "name", f->name);
        if (fits)
            hm_json_put_uint(l->w, "number", f->number);
        hm_json_put_optional(l->w, "text",
                             f->is_number && !fits ? large : f->text);
        hm_json_close_object(l->w);
    }
    hm_json_close_array(l->w);
}

/* A tar has the digests of its content too. */
static void put_result(struct hm_json_writer *w,
                       const struct hm_archive_result *r)
{
    const struct hm_digests *d = &r->file;

    if (r->content.size > 0) {
        pack_put_digests(w, r);
        return;
    }
    hm_json_put_uint(w, "size", d->size);
    hm_json_put_hex(w, "sha256",
                    (struct hm_bytes){d->sha256, sizeof(d->sha256)});
    hm_json_put_hex(w, "sha512",
                    (struct hm_bytes){d->sha512, sizeof(d->sha512)});
    hm_json_put_uint(w, "entries", r->entries);
}

HM_MUST static hm_rc list(struct list *l, const struct hm_file *f,
                          struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    const struct hm_image_visitor visitor = {show, l};
    struct hm_archive_result result;

    HM_TRY(hm_image_read(f, &l->image, e));
    say_image(l);
    put_image(l);
    if (l->image.has_members)
        hm_json_open_array(l->w, "members");
    HM_TRY(hm_context(
        e, hm_image_list(f, &l->image, &limits, &visitor, &result, e), "%s",
        l->image.what));
    if (l->image.has_members)
        hm_json_close_array(l->w);
    put_result(l->w, &result);
    hm_json_close_object(l->w);
    return hm_json_finish(l->w, e);
}

hm_rc pack_list_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_json_writer w;
    struct list l = {.cli = cli, .w = &w, .image = HM_IMAGE_INIT};
    hm_rc rc;

    HM_TRY(hm_file_open(&f, cli->argv[0], e));
    hm_cli_result(cli, &w, true);
    rc = list(&l, &f, e);
    hm_image_clear(&l.image);
    if (rc != HM_OK)
        hm_buf_clear(&cli->result); /* half a list is no result */
    return hm_context(e, rc, "cannot list '%s'", hm_show_str(cli->argv[0]));
}
