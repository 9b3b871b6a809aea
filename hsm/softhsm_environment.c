#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hsm_priv.h"

#define CONF_DEFAULT "/etc/softhsm/softhsm2.conf"
#define CONF_MAX     ((size_t)64 << 10)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* "directories.tokendir = PATH" to PATH; the last such line counts, as for
 * SoftHSM.  Empty when there is none. */
static void find_tokendir(const char *text, char *out, size_t size)
{
    static const char name[] = "directories.tokendir";

    out[0] = '\0';
    for (const char *line = text; line != NULL && *line != '\0';
         line = strchr(line, '\n')) {
        size_t n = 0;

        line += strspn(line, " \t\r\n");
        if (strncmp(line, name, sizeof(name) - 1) != 0)
            continue;
        line += sizeof(name) - 1;
        line += strspn(line, " \t");
        if (*line != '=')
            continue;
        line += 1 + strspn(line + 1, " \t");
        n = strcspn(line, "\n");
        while (n > 0 && is_blank(line[n - 1]))
            n--;
        if (n < size)
            (void)snprintf(out, size, "%.*s", (int)n, line);
    }
}

/* false: nothing here that could be kept. */
static bool read_conf(char *tokendir, size_t size)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(CONF_MAX);
    const char *conf = getenv("SOFTHSM2_CONF");
    const struct hm_bytes nul = {(const uint8_t *)"", 1};

    if (hm_file_load(conf == NULL ? CONF_DEFAULT : conf, &text, NULL) !=
            HM_OK ||
        hm_buf_add(&text, nul, NULL) != HM_OK)
        return false;
    find_tokendir((const char *)text.p, tokendir, size);
    return tokendir[0] == '/';
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
                           bool may_change, struct hm_err *e)
{
    HM_OWN(hm_dir) tokens = HM_DIR_INIT;

    if (hm_dir_open(&tokens, tokendir, NULL) != HM_OK)
        return HM_OK;
    k->lock.fd = openat(tokens.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (k->lock.fd < 0)
        return HM_OK;
    HM_TRY(softhsm_wait_lock(k, tokendir, e));
    if (may_change)
        return HM_OK;
    HM_TRY(softhsm_scratch_make(k, e));
    return softhsm_copy_tree(&tokens, &k->scratch, "tokens", 0600, e);
}

hm_rc softhsm_open_environment(struct softhsm *k, bool may_make,
                               struct hm_err *e)
{
    char tokendir[1024];
    char store[1024];
    hm_rc rc;

    softhsm_clear(k);
    if (!read_conf(tokendir, sizeof(tokendir)))
        return HM_OK;
    if (find_store(tokendir, may_make, store, sizeof(store))) {
        HM_TRY(softhsm_open(k, store, may_make, e));
        k->keeps_conf = true;
        return HM_OK;
    }
    rc = share(k, tokendir, may_make, e);
    if (rc != HM_OK)
        softhsm_clear(k);
    return rc;
}
