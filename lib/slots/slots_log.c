/* update.log: one line an attempt, each with the digest of the line before.
 * The state knows the digest of the last line and the length of all, so a line
 * that was changed, removed or added is seen. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slots_priv.h"

#define LINE_MAX_BYTES 4096u

static const char *result_word(hm_rc rc)
{
    if (rc == HM_OK)
        return "yes";
    return hm_rc_exit_status(rc) == 1 ? "no" : "error";
}

static void put_attempt(struct hm_json_writer *w, const char *verb,
                        const struct hm_slots_judging *how,
                        const struct hm_slots_outcome *out,
                        const struct hm_err *why)
{
    const char letter[] = {hm_slots_letter(out->slot), '\0'};

    if (how->clock >= 0)
        hm_json_put_time(w, "time", how->clock);
    else
        hm_json_put_text(w, "time", "no clock");
    hm_json_put_text(w, "verb", verb);
    hm_json_put_text(w, "result", result_word(why->rc));
    hm_json_put_optional(w, "reason", why->reason);
    if (out->check >= 0)
        hm_json_put_uint(w, "check", (uint64_t)out->check);
    if (out->is_signed) {
        hm_json_put_uint(w, "epoch", out->epoch);
        hm_json_put_uint(w, "sequence", out->sequence);
    }
    if (out->version[0] != '\0') {
        hm_json_put_text(w, "version", out->version);
        hm_json_put_uint(w, "rollback_counter", out->rollback_counter);
        hm_json_put_hex(
            w, "manifest_sha256",
            (struct hm_bytes){out->manifest_sha256, HM_SHA256_SIZE});
    }
    if (out->slot != HM_SLOTS_NONE)
        hm_json_put_text(w, "slot", letter);
}

/* Ready for the next line.  What lies behind the recorded length was written
 * by a run that did not live to record it.  A log that is too short was cut by
 * somebody: writing goes on, and the chain will say so for ever. */
HM_MUST static hm_rc open_log(const struct hm_slots *s, struct hm_file *f,
                              uint64_t *length, struct hm_err *e)
{
    struct stat sb;

    f->fd = openat(s->dir.fd, SLOTS_LOG,
                   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
                       O_NOCTTY,
                   0600);
    if (f->fd < 0)
        return hm_fail_errno(e, "device.log.open", "cannot open " SLOTS_LOG);
    if (fstat(f->fd, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_nlink != 1)
        return hm_fail(e, HM_E_IO, "device.log.kind",
                       SLOTS_LOG " is not a plain file of its own");
    *length = (uint64_t)sb.st_size < s->state.log_length ? (uint64_t)sb.st_size
                                                         : s->state.log_length;
    if (((sb.st_mode & 077) != 0 && fchmod(f->fd, 0600) != 0) ||
        ftruncate(f->fd, (off_t)*length) != 0 ||
        lseek(f->fd, (off_t)*length, SEEK_SET) < 0)
        return hm_fail_errno(e, "device.log.open", "cannot write " SLOTS_LOG);
    return HM_OK;
}

HM_MUST static hm_rc append(struct hm_slots *s, struct hm_bytes line,
                            struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    uint64_t length = 0;

    HM_TRY(open_log(s, &f, &length, e));
    HM_TRY(hm_context(e, hm_file_write_all(f.fd, line, e), SLOTS_LOG));
    if (fsync(f.fd) != 0)
        return hm_fail_errno(e, "device.log.write", "cannot sync " SLOTS_LOG);
    HM_TRY(hm_dir_sync(&s->dir, e));
    HM_TRY(hm_sha256(line, s->state.log_head, e));
    s->state.log_length = length + line.n;
    return HM_OK;
}

HM_MUST static hm_rc log_and_save(struct hm_slots *s, const char *verb,
                                  const struct hm_slots_judging *how,
                                  const struct hm_slots_outcome *out,
                                  const struct hm_err *why, struct hm_err *e)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(LINE_MAX_BYTES);
    struct hm_json_writer w;

    hm_json_begin(&w, &line, true);
    hm_json_open_object(&w, NULL);
    put_attempt(&w, verb, how, out, why);
    hm_json_put_hex(&w, "previous",
                    (struct hm_bytes){s->state.log_head, HM_SHA256_SIZE});
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    HM_TRY(append(s, hm_buf_view(&line), e));
    return slots_save(s, e);
}

hm_rc slots_finish(struct hm_slots *s, const char *verb,
                   const struct hm_slots_judging *how,
                   const struct hm_slots_outcome *out, hm_rc rc,
                   struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    struct hm_err inner = {.rc = HM_OK};
    hm_rc logged;

    if (how->dry_run)
        return rc;
    if (rc != HM_OK)
        why = *e;
    logged = log_and_save(s, verb, how, out, &why, &inner);
    if (rc != HM_OK || logged == HM_OK)
        return rc;
    *e = inner;
    return logged;
}

/* --- reading it again -------------------------------------------------------- */

HM_MUST static hm_rc broken(size_t number, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "device.log.chain",
                           "line %zu of " SLOTS_LOG
                           " does not follow from the line before: the log "
                           "was changed",
                           number),
                   "keep the file and state.json as they are: they are "
                   "evidence of it");
}

/* One line, without its newline: it must name the line before. */
HM_MUST static hm_rc check_line(struct hm_bytes line, const uint8_t *previous,
                                size_t number, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    uint8_t named[HM_SHA256_SIZE];

    if (hm_json_parse(&doc, line, HM_JSON_OURS, LINE_MAX_BYTES, NULL) !=
            HM_OK ||
        hm_json_get_hex(hm_json_root(&doc), "previous", named, sizeof(named),
                        NULL) != HM_OK ||
        memcmp(named, previous, sizeof(named)) != 0)
        return broken(number, e);
    return HM_OK;
}

HM_MUST static hm_rc check_chain(const struct hm_slots *s,
                                 struct hm_bytes lines, struct hm_err *e)
{
    uint8_t previous[HM_SHA256_SIZE] = {0};
    size_t number = 0;

    while (lines.n > 0) {
        const uint8_t *end = memchr(lines.p, '\n', lines.n);
        struct hm_bytes line = {lines.p,
                                end == NULL ? 0 : (size_t)(end - lines.p) + 1};

        number++;
        if (end == NULL)
            return broken(number, e);
        HM_TRY(check_line((struct hm_bytes){line.p, line.n - 1}, previous,
                          number, e));
        HM_TRY(hm_sha256(line, previous, e));
        lines.p += line.n;
        lines.n -= line.n;
    }
    return memcmp(previous, s->state.log_head, sizeof(previous)) == 0
               ? HM_OK
               : broken(number, e);
}

hm_rc hm_slots_read_log(const struct hm_slots *s, struct hm_buf *lines,
                        uint64_t *extra, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(SLOTS_LOG_MAX);

    hm_buf_clear(lines);
    *extra = 0;
    if (hm_file_exists_at(&s->dir, SLOTS_LOG))
        HM_TRY(hm_file_load_at(&s->dir, SLOTS_LOG, &bytes, e));
    if (bytes.n < s->state.log_length)
        return hm_fail(e, HM_E_REJECTED, "device.log.short",
                       SLOTS_LOG " has %zu bytes, the state vouches for %llu: "
                                 "lines were removed",
                       bytes.n, (unsigned long long)s->state.log_length);
    *extra = bytes.n - s->state.log_length;
    bytes.n = (size_t)s->state.log_length;
    HM_TRY(check_chain(s, hm_buf_view(&bytes), e));
    hm_buf_move(lines, &bytes);
    return HM_OK;
}
