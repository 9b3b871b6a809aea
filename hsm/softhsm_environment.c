#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hsm_priv.h"

#define CONF_DEFAULT "/etc/softhsm/softhsm2.conf"
#define CONF_MAX     ((size_t)64 << 10)

/* The file that SoftHSM reads. */
HM_MUST static hm_rc load_conf(struct hm_buf *text)
{
    const char *named = getenv("SOFTHSM2_CONF");
    const char *home = getenv("HOME");
    char path[1024];

    if (named != NULL)
        return hm_file_load(named, text, NULL);
    if (home != NULL &&
        snprintf(path, sizeof(path), "%s/.config/softhsm2/softhsm2.conf",
                 home) < (int)sizeof(path) &&
        access(path, F_OK) == 0)
        return hm_file_load(path, text, NULL);
    return hm_file_load(CONF_DEFAULT, text, NULL);
}

static struct hm_bytes trim(struct hm_bytes s)
{
    while (s.n > 0 && strchr(" \t\r", s.p[0]) != NULL) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && strchr(" \t\r", s.p[s.n - 1]) != NULL)
        s.n--;
    return s;
}

/* "NAME = VALUE # comment"; leaves @p value alone when it is another name. */
static void take_line(struct hm_bytes line, const char *name,
                      struct hm_bytes *value)
{
    const uint8_t *hash = memchr(line.p, '#', line.n);
    const size_t n = hash == NULL ? line.n : (size_t)(hash - line.p);
    const uint8_t *equals = memchr(line.p, '=', n);
    const size_t k = equals == NULL ? 0 : (size_t)(equals - line.p);

    if (hm_bytes_eq(trim((struct hm_bytes){line.p, k}), hm_bytes_str(name)))
        *value = trim((struct hm_bytes){line.p + k + 1, n - k - 1});
}

/* The last line counts, as for SoftHSM; empty when there is none. */
static struct hm_bytes find_value(struct hm_bytes text, const char *name)
{
    struct hm_bytes value = {NULL, 0};

    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        const size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        const size_t step = end == NULL ? n : n + 1;

        take_line((struct hm_bytes){text.p, n}, name, &value);
        text.p += step;
        text.n -= step;
    }
    return value;
}

bool softhsm_find_tokendir(char *tokendir, size_t size)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(CONF_MAX);
    struct hm_bytes path;
    struct hm_bytes backend;

    if (load_conf(&text) != HM_OK)
        return false;
    path = find_value(hm_buf_view(&text), "directories.tokendir");
    backend = find_value(hm_buf_view(&text), "objectstore.backend");
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n == 0 || path.n >= size || path.p[0] != '/' ||
        memchr(path.p, '\0', path.n) != NULL ||
        (backend.n > 0 && !hm_bytes_eq(backend, HM_LIT("file"))))
        return false;
    memcpy(tokendir, path.p, path.n);
    tokendir[path.n] = '\0';
    return true;
}

static bool is_empty(const struct hm_dir *tokens)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    return hm_dir_list(tokens, &names, NULL) == HM_OK && names.n == 0;
}

/* DIR of ".../DIR/tokens" when that is a store of ours, or may become one. */
static bool find_store(const char *tokendir, bool may_make, char *store,
                       size_t size)
{
    HM_OWN(hm_dir) tokens = HM_DIR_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    const char *slash = strrchr(tokendir, '/');

    if (slash == tokendir || strcmp(slash, "/tokens") != 0)
        return false;
    (void)snprintf(store, size, "%.*s", (int)(slash - tokendir), tokendir);
    if (hm_dir_open(&dir, store, NULL) != HM_OK)
        return false;
    if (hm_file_exists_at(&dir, "saved"))
        return true;
    return may_make && (!hm_file_exists_at(&dir, "tokens") ||
                        (hm_dir_open(&tokens, tokendir, NULL) == HM_OK &&
                         is_empty(&tokens)));
}

/* Of other tools: they expect to find it as they left it. */
HM_MUST static hm_rc share(struct softhsm *k, const char *tokendir,
                           struct hm_err *e)
{
    if (hm_dir_open(&k->store, tokendir, NULL) != HM_OK)
        return HM_OK;
    k->lock.fd = openat(k->store.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (k->lock.fd < 0)
        return HM_OK;
    HM_TRY(softhsm_wait_lock(k, tokendir, e));
    HM_TRY(softhsm_scratch_make(k, e));
    HM_TRY(softhsm_copy_tree(&k->store, &k->scratch, "tokens", SOFTHSM_PRIVATE,
                             e));
    k->is_shared = true;
    k->is_open = true;
    return HM_OK;
}

hm_rc softhsm_open_environment(struct softhsm *k, bool may_make,
                               struct hm_err *e)
{
    char tokendir[1024];
    char store[1024];
    hm_rc rc;

    softhsm_clear(k);
    if (!softhsm_find_tokendir(tokendir, sizeof(tokendir)))
        return HM_OK;
    if (find_store(tokendir, may_make, store, sizeof(store))) {
        HM_TRY(softhsm_open(k, store, may_make, e));
        k->keeps_conf = true;
        return HM_OK;
    }
    rc = share(k, tokendir, e);
    if (rc != HM_OK)
        softhsm_clear(k);
    return rc;
}
