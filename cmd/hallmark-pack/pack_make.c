#include <unistd.h>

#include "pack_cli_priv.h"

/* What the command line says. */
static struct {
    const char *output;
    const char *time;
    const char *threads;
    const char *cache;
    struct hm_cli_list allow;
    struct pack_call input;
    bool force;
    bool dry_run;
} call;

const struct hm_opt pack_make_opts[] = {
    {"output", 'o', HM_OPT_OUTPUT, true, &call.output, "FILE",
     "write FILE: .tar.gz, .tgz or .tar; - is standard output"},
    {"time", 0, HM_OPT_VALUE, false, &call.time, "TIME",
     "time of all members, @SECONDS or 2026-05-12T08:00:00Z; else "
     "SOURCE_DATE_EPOCH, else that of the commit around DIR"},
    {"threads", 0, HM_OPT_VALUE, false, &call.threads, "N",
     "use N threads, 1 to 32; else one a processor; the bytes are the same"},
    {"git", 0, HM_OPT_VALUE, false, &call.input.git, "REV[:PATH]",
     "pack what commit REV of the git repository DIR holds, or its directory "
     "PATH; nothing is checked out"},
    {"files-from", 0, HM_OPT_VALUE, false, &call.input.files_from, "LIST",
     "pack only the paths that the file LIST names, one a line; - is standard "
     "input"},
    {"null", '0', HM_OPT_FLAG, false, &call.input.nul, "",
     "the names in LIST end in NUL, not in a newline"},
    {"include", 0, HM_OPT_LIST, false, &call.input.include, "PATTERN",
     "pack what matches; the last pattern that matches decides"},
    {"exclude", 0, HM_OPT_LIST, false, &call.input.exclude, "PATTERN",
     "leave out what matches; the last pattern that matches decides"},
    {"modes", 0, HM_OPT_VALUE, false, &call.input.modes, "keep",
     "write modes as they are found, not 0755 and 0644"},
    {"owners", 0, HM_OPT_VALUE, false, &call.input.owners, "keep",
     "write owners as they are found, not 0"},
    {"xattrs", 0, HM_OPT_VALUE, false, &call.input.xattrs, "keep",
     "write extended attributes, ACLs among them, as they are found"},
    {"permissions", 0, HM_OPT_VALUE, false, &call.input.permissions, "TABLE",
     "take modes and owners from TABLE, in the form of Buildroot's makedevs"},
    {"cache", 0, HM_OPT_VALUE, false, &call.cache, "DIR",
     "keep compressed blocks in DIR and take them from there; the bytes are "
     "the same"},
    {"allow", 0, HM_OPT_LIST, false, &call.allow, "RULE[:PATH]",
     "overrule a rule, for all files or for PATH"},
    {"force", 'f', HM_OPT_FLAG, false, &call.force, "",
     "replace FILE when it exists"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &call.dry_run, "",
     "do everything but write FILE"},
    HM_OPT_END,
};

void pack_put_digests(struct hm_json_writer *w,
                      const struct hm_archive_result *r)
{
    const struct hm_digests *const both[] = {&r->file, &r->content};
    static const char *const keys[][3] = {
        {"size", "sha256", "sha512"},
        {"content_size", "content_sha256", "content_sha512"}};

    for (unsigned i = 0; i < 2; i++) {
        hm_json_put_uint(w, keys[i][0], both[i]->size);
        hm_json_put_hex(
            w, keys[i][1],
            (struct hm_bytes){both[i]->sha256, sizeof(both[i]->sha256)});
        hm_json_put_hex(
            w, keys[i][2],
            (struct hm_bytes){both[i]->sha512, sizeof(both[i]->sha512)});
    }
    hm_json_put_uint(w, "entries", r->entries);
}

HM_MUST static hm_rc read_threads(unsigned *out, struct hm_err *e)
{
    uint64_t n = 0;

    *out = 0;
    if (call.threads == NULL)
        return HM_OK;
    if (hm_number_read(hm_bytes_str(call.threads), HM_ARCHIVE_THREADS_MAX, &n,
                       NULL) != HM_OK ||
        n == 0)
        return hm_fail(e, HM_E_USAGE, "archive.threads.range",
                       "--threads takes 1 to %u, not '%s'",
                       HM_ARCHIVE_THREADS_MAX, hm_show_str(call.threads));
    *out = (unsigned)n;
    return HM_OK;
}

HM_MUST static hm_rc read_options(const char *dir, struct pack_input *in,
                                  struct hm_archive_options *o,
                                  struct pack_time *when, struct hm_err *e)
{
    o->form = HM_ARCHIVE_TAR_GZ;
    if (!hm_cli_is_stdout(call.output))
        HM_TRY(hm_archive_form_of(call.output, &o->form, e));
    o->allow = call.allow.value;
    o->allow_n = call.allow.n;
    HM_TRY(read_threads(&o->threads, e));
    HM_TRY(pack_open_input(in, &call.input, dir, o, e));
    HM_TRY(pack_find_time(call.time, dir,
                          in->revision.impl == NULL ? NULL : &in->revision,
                          when, e));
    if (in->revision.impl != NULL)
        memcpy(when->commit, in->revision.commit, sizeof(when->commit));
    o->time = when->time;
    return HM_OK;
}

static void say(const struct hm_cli *cli, const struct hm_archive_options *o,
                const struct pack_time *when, const struct hm_archive_result *r)
{
    const struct hm_digests *const both[] = {&r->file, &r->content};
    static const char *const what[] = {"", "content "};
    char sha256[HM_SHA256_HEX];
    char sha512[HM_SHA512_HEX];

    hm_cli_say(cli, "%s: %llu bytes, %llu members, time %s%s%s",
               hm_show_str(call.output), (unsigned long long)r->file.size,
               (unsigned long long)r->entries, hm_time_show(o->time),
               when->commit[0] == '\0' ? "" : " of commit ", when->commit);
    for (unsigned i = 0; i < (o->form == HM_ARCHIVE_TAR_GZ ? 2 : 1); i++) {
        hm_hex_write(
            (struct hm_bytes){both[i]->sha256, sizeof(both[i]->sha256)},
            sha256);
        hm_hex_write(
            (struct hm_bytes){both[i]->sha512, sizeof(both[i]->sha512)},
            sha512);
        hm_cli_say(cli, "%ssha256 %s\n%ssha512 %s", what[i], sha256, what[i],
                   sha512);
    }
}

/* A pattern that matches nothing may be misspelt. */
static void say_choice(const struct hm_cli *cli,
                       const struct hm_archive_options *o,
                       const struct hm_archive_result *r)
{
    if (r->left_out > 0)
        hm_cli_say(cli, "left out by patterns: %llu",
                   (unsigned long long)r->left_out);
    for (size_t i = 0; i < o->patterns_n; i++)
        if (o->patterns[i].hits == 0)
            hm_cli_warn(cli, "nothing matches the exclude '%s'",
                        hm_show_str(o->patterns[i].text));
}

static void put_choice(struct hm_json_writer *w,
                       const struct hm_archive_options *o,
                       const struct hm_archive_result *r)
{
    hm_json_put_uint(w, "left_out", r->left_out);
    hm_json_open_array(w, "unmatched");
    for (size_t i = 0; i < o->patterns_n; i++)
        if (o->patterns[i].hits == 0)
            pack_put_name(w, NULL, o->patterns[i].text);
    hm_json_close_array(w);
    hm_json_put_text(w, "modes", o->keep_modes ? "keep" : "normal");
    hm_json_put_text(w, "owners", o->keep_owners ? "keep" : "normal");
    hm_json_put_text(w, "xattrs", o->keep_xattrs ? "keep" : "normal");
    hm_json_put_bool(w, "permissions", o->permissions != NULL);
}

/* Whatever a cache does, the archive is right: nothing here is a failure. */
static void say_cache(const struct hm_cli *cli,
                      const struct hm_archive_cache *cache)
{
    hm_cli_say(cli, "cache %llu of %llu blocks",
               (unsigned long long)cache->hits,
               (unsigned long long)cache->blocks);
    if (cache->trouble.rc != HM_OK)
        hm_cli_warn(cli, "the cache '%s' was not used in full: %s [%s]",
                    hm_show_str(cache->dir), cache->trouble.text,
                    cache->trouble.reason);
    if (cache->damaged > 0)
        hm_cli_warn(cli,
                    "%llu blocks in the cache '%s' were not as they were "
                    "written, and were made anew",
                    (unsigned long long)cache->damaged,
                    hm_show_str(cache->dir));
}

static void put_cache(struct hm_json_writer *w,
                      const struct hm_archive_cache *cache)
{
    hm_json_open_object(w, "cache");
    hm_json_put_uint(w, "blocks", cache->blocks);
    hm_json_put_uint(w, "hits", cache->hits);
    hm_json_put_uint(w, "damaged", cache->damaged);
    if (cache->trouble.rc != HM_OK)
        hm_json_put_text(w, "trouble", cache->trouble.reason);
    hm_json_close_object(w);
}

HM_MUST static hm_rc report(struct hm_cli *cli,
                            const struct hm_archive_options *o,
                            const struct pack_time *when,
                            const struct hm_archive_result *r, struct hm_err *e)
{
    const char *slash = strrchr(call.output, '/');
    struct hm_json_writer w;

    say(cli, o, when, r);
    say_choice(cli, o, r);
    if (o->cache != NULL)
        say_cache(cli, o->cache);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "name", slash == NULL ? call.output : slash + 1);
    pack_put_digests(&w, r);
    hm_json_put_uint(&w, "source_date_epoch", (uint64_t)o->time);
    hm_json_put_text(&w, "time_from", when->from);
    if (call.input.git != NULL)
        pack_put_name(&w, "git", call.input.git);
    hm_json_put_optional(&w, "commit", when->commit);
    hm_json_put_text(&w, "zlib", hm_archive_zlib_version());
    if (o->form == HM_ARCHIVE_TAR_GZ) {
        hm_json_open_object(&w, "compressor");
        hm_json_put_text(&w, "name", "libdeflate");
        hm_json_put_text(&w, "version", hm_archive_libdeflate_version());
        hm_json_put_uint(&w, "level", HM_ARCHIVE_LEVEL);
        hm_json_close_object(&w);
    }
    if (o->cache != NULL)
        put_cache(&w, o->cache);
    put_choice(&w, o, r);
    hm_json_open_array(&w, "allowed");
    for (size_t i = 0; i < call.allow.n; i++)
        pack_put_name(&w, NULL, call.allow.value[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc pack_to(const struct hm_cli *cli, int fd,
                             const struct pack_input *in,
                             const struct hm_archive_options *o,
                             struct hm_archive_result *r, struct hm_err *e)
{
    struct hm_archive_options with = *o;
    struct hm_cli_progress progress;
    hm_rc rc;

    hm_cli_progress_begin(cli, &progress, "packed");
    with.progress = &progress.progress;
    rc = in->revision.impl != NULL
             ? hm_archive_pack_source(&in->revision.source, &with, fd, r, e)
             : hm_archive_pack(&in->tree, &with, fd, r, e);
    hm_cli_progress_clear(&progress);
    return hm_context(e, rc, "packing '%s' into '%s'",
                      hm_show_str(cli->argv[0]), hm_show_str(call.output));
}

HM_MUST static hm_rc pack_to_file(const struct hm_cli *cli,
                                  const struct pack_input *in,
                                  const struct hm_archive_options *o,
                                  struct hm_archive_result *r, struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;

    HM_TRY(hm_out_begin(&out, call.output,
                        call.force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e));
    HM_TRY(pack_to(cli, out.fd, in, o, r, e));
    return call.dry_run ? HM_OK : hm_out_commit(&out, e);
}

HM_MUST static hm_rc make(struct hm_cli *cli, struct pack_input *in,
                          struct hm_err *e)
{
    struct hm_archive_options o = {.threads = 0};
    struct hm_archive_cache cache = {.dir = call.cache};
    struct hm_archive_result r;
    struct pack_time when;

    HM_TRY(read_options(cli->argv[0], in, &o, &when, e));
    if (call.cache != NULL)
        o.cache = &cache;
    if (!hm_cli_is_stdout(call.output)) {
        HM_TRY(pack_to_file(cli, in, &o, &r, e));
        return report(cli, &o, &when, &r, e);
    }
    if (call.dry_run)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "'-o -' does not go with --dry-run: standard output is "
                       "the archive");
    HM_TRY(pack_to(cli, STDOUT_FILENO, in, &o, &r, e));
    return report(cli, &o, &when, &r, e);
}

hm_rc pack_make_run(struct hm_cli *cli, struct hm_err *e)
{
    static struct pack_input in = PACK_INPUT_INIT; /* large */
    const hm_rc rc = make(cli, &in, e);

    pack_input_clear(&in);
    return rc;
}
