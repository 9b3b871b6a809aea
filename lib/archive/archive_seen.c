#include <stdlib.h>

#include "archive_priv.h"

#define FIRST_CAP ((size_t)1024)

/* An attacker chooses the names, so the key is a cryptographic digest. */
HM_MUST static hm_rc key_of(struct hm_bytes path, struct archive_seen_slot *key,
                            struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];

    HM_TRY(hm_sha256(path, digest, e));
    memcpy(key->key, digest, sizeof(key->key));
    key->kind = ARCHIVE_SEEN_NOT;
    return HM_OK;
}

/* The slot that holds the key, or the free one where it would go. */
static struct archive_seen_slot *find_slot(struct archive_seen_slot *slot,
                                           size_t cap,
                                           const struct archive_seen_slot *key)
{
    size_t at = 0;

    memcpy(&at, key->key, sizeof(at));
    for (at &= cap - 1; slot[at].kind != ARCHIVE_SEEN_NOT;
         at = (at + 1) & (cap - 1))
        if (memcmp(slot[at].key, key->key, sizeof(key->key)) == 0)
            break;
    return &slot[at];
}

HM_MUST static hm_rc grow(struct archive_seen *s, struct hm_err *e)
{
    const size_t cap = s->cap == 0 ? FIRST_CAP : s->cap * 2;
    struct archive_seen_slot *slot = calloc(cap, sizeof(*slot));

    if (slot == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for %zu names", cap / 2);
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i].kind != ARCHIVE_SEEN_NOT)
            *find_slot(slot, cap, &s->slot[i]) = s->slot[i];
    free(s->slot);
    s->slot = slot;
    s->cap = cap;
    return HM_OK;
}

hm_rc archive_seen_find(const struct archive_seen *s, struct hm_bytes path,
                        enum archive_seen_kind *kind, struct hm_err *e)
{
    struct archive_seen_slot key;

    *kind = ARCHIVE_SEEN_NOT;
    if (s->cap == 0)
        return HM_OK;
    HM_TRY(key_of(path, &key, e));
    *kind = (enum archive_seen_kind)find_slot(s->slot, s->cap, &key)->kind;
    return HM_OK;
}

hm_rc archive_seen_set(struct archive_seen *s, struct hm_bytes path,
                       enum archive_seen_kind kind, struct hm_err *e)
{
    struct archive_seen_slot key;
    struct archive_seen_slot *slot = NULL;

    HM_TRY(key_of(path, &key, e));
    if (2 * s->n >= s->cap)
        HM_TRY(grow(s, e));
    slot = find_slot(s->slot, s->cap, &key);
    if (slot->kind == ARCHIVE_SEEN_NOT) {
        if (s->n == s->max)
            return hm_fail(e, HM_E_LIMIT, "archive.limit.entries",
                           "the archive has more than %zu names", s->max);
        s->n++;
    }
    key.kind = (uint8_t)kind;
    *slot = key;
    return HM_OK;
}

size_t archive_seen_max(const struct hm_archive_limits *limits)
{
    const uint64_t entries = limits->entries_max < HM_ARCHIVE_ENTRIES_MAX
                                 ? limits->entries_max
                                 : HM_ARCHIVE_ENTRIES_MAX;

    return 2 * (size_t)entries + HM_ARCHIVE_DEPTH_MAX;
}

void archive_seen_clear(struct archive_seen *s)
{
    free(s->slot);
    *s = (struct archive_seen){.slot = NULL};
}
