/* A PKCS#11 module that passes every call on to SoftHSM and misbehaves on
 * demand.  HM_FAULT holds the faults, separated by blanks:
 *
 *     C_Sign=0x32        the call fails with this value
 *     C_Sign=0x32@2      ... from its third time on
 *     flip               C_Sign turns one bit of the signature
 *     length=N           C_Sign says that the signature has N bytes
 *     zero               C_Sign gives nothing but zero bytes
 *     stale              C_Sign gives the first signature of the process again
 *     other              C_SignInit takes another private key than the asked one
 *     flags=0x40000      set in the flags of every token
 *     extractable        every key says that it can be extracted
 *     silent             no key says whether it can be extracted
 *     derives            every key says that it derives
 *     strict             C_GenerateKeyPair takes eight private attributes only
 *     sets               C_SetAttributeValue says yes and does nothing
 *     keeps              ... and every key says from then on that it can leave
 *     copies             C_CopyObject says yes
 *     pins=N             every token says that it takes PINs of N bytes at most
 *     acme               no token says that it is SoftHSM
 *     leak               CKA_VALUE is handed out
 *     mute               CKA_VALUE is what the module knows nothing of
 *     huge               every attribute says that it has 2^20 bytes
 *     unavailable        every attribute says that it has -1 bytes, CKR_OK
 *     nobytes            every attribute says that it has no byte
 *     single             C_FindObjects gives one object a call
 *     growing            C_FindObjects says that it found 2^20 objects
 *     slots              C_GetSlotList says that there are 2^20 slots
 *     bare               CKA_EC_POINT comes without its OCTET STRING
 *     reauthenticate     every key wants its PIN for every signature
 *     wraps              C_WrapKey gives something out
 *     scan=TEXT          C_Login and C_Sign log how often TEXT, written
 *                        backwards here, stands in the memory of the process
 *
 * HM_FAULT_LOG names a file that gets one line a call. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL       "/usr/lib/softhsm/libsofthsm2.so"
#define CALLS      32
#define HUGE_COUNT (1UL << 20)

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

static void log_call(const char *name)
{
    const char *path = getenv("HM_FAULT_LOG");
    FILE *f = path == NULL ? NULL : fopen(path, "a");

    if (f == NULL)
        return;
    (void)fprintf(f, "%s\n", name);
    (void)fclose(f);
}

/* What stands behind "<name>=" (or behind "<name>"); NULL: not asked for. */
static const char *asked(const char *name)
{
    const char *at = getenv("HM_FAULT");
    const size_t n = strlen(name);

    while (at != NULL && *at != '\0') {
        if (strncmp(at, name, n) == 0 &&
            (at[n] == '=' || at[n] == ' ' || at[n] == '\0'))
            return at[n] == '=' ? at + n + 1 : at + n;
        at = strchr(at, ' ');
        if (at != NULL)
            at++;
    }
    return NULL;
}

/* How often was this call made before? */
static unsigned long count_call(const char *name)
{
    static struct {
        const char *name;
        unsigned long n;
    } calls[CALLS];

    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].name == NULL)
            calls[i].name = name;
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].n++;
    }
    return 0;
}

static CK_RV fault(const char *name)
{
    const unsigned long before = count_call(name);
    const char *value = asked(name);
    char *end = NULL;
    unsigned long rv = 0;
    unsigned long from = 0;

    log_call(name);
    if (value == NULL)
        return CKR_OK;
    rv = strtoul(value, &end, 0);
    if (*end == '@')
        from = strtoul(end + 1, NULL, 10);
    return before >= from ? rv : CKR_OK;
}

/* ---- is a secret in memory? ------------------------------------------------- */

#define PIECE  ((size_t)1 << 20)
#define LARGER ((size_t)1 << 30) /* a sanitizer's shadow, not looked at */

static unsigned long count_in(const char *piece, size_t n,
                              const char *backwards)
{
    const size_t length = strcspn(backwards, " ");
    unsigned long found = 0;

    for (size_t at = 0; at + length <= n; at++) {
        size_t i = 0;

        while (i < length && piece[at + i] == backwards[length - 1 - i])
            i++;
        found += i == length;
    }
    return found;
}

/* Addresses are numbers here: they come from a text. */
static unsigned long scan_range(unsigned long from, unsigned long to,
                                char *piece, const char *backwards)
{
    unsigned long found = 0;

    while (from < to) {
        const size_t n = to - from < PIECE ? to - from : PIECE;
        struct iovec here = {piece, n};
        struct iovec there = {NULL, n};

        memcpy(&there.iov_base, &from, sizeof(from));
        if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)n)
            found += count_in(piece, n, backwards);
        memset(piece, 0, n);
        from += n;
    }
    return found;
}

static void scan(const char *call)
{
    const char *backwards = asked("scan");
    FILE *maps = backwards == NULL ? NULL : fopen("/proc/self/maps", "r");
    char *piece = calloc(1, PIECE);
    unsigned long found = 0;
    char line[512];
    char text[64];

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        char *end = NULL;
        const unsigned long from = strtoul(line, &end, 16);
        const unsigned long to = strtoul(end + 1, &end, 16);

        if (end[1] == 'r' && to - from < LARGER)
            found += scan_range(from, to, piece, backwards);
    }
    free(piece);
    if (maps == NULL)
        return;
    (void)fclose(maps);
    (void)snprintf(text, sizeof(text), "%s sees %lu", call, found);
    log_call(text);
}

#define WRAP(name, params, args)                    \
    static CK_RV wrap_##name params                 \
    {                                               \
        const CK_RV rv = fault(#name);              \
        return rv != CKR_OK ? rv : real->name args; \
    }

WRAP(C_Initialize, (void *a), (a))
WRAP(C_Finalize, (void *a), (a))
WRAP(C_GetInfo, (CK_INFO * a), (a))
WRAP(C_InitToken, (CK_SLOT_ID s, CK_UTF8CHAR *p, CK_ULONG n, CK_UTF8CHAR *l),
     (s, p, n, l))
WRAP(C_InitPIN, (CK_SESSION_HANDLE s, CK_UTF8CHAR *p, CK_ULONG n), (s, p, n))
WRAP(C_OpenSession,
     (CK_SLOT_ID s, CK_FLAGS f, void *a, CK_NOTIFY n, CK_SESSION_HANDLE *h),
     (s, f, a, n, h))
WRAP(C_CloseSession, (CK_SESSION_HANDLE s), (s))
WRAP(C_Logout, (CK_SESSION_HANDLE s), (s))
WRAP(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n),
     (s, t, n))
WRAP(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
WRAP(C_GenerateKey,
     (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *t, CK_ULONG n,
      CK_OBJECT_HANDLE *h),
     (s, m, t, n, h))
WRAP(C_GetMechanismInfo,
     (CK_SLOT_ID s, CK_MECHANISM_TYPE t, CK_MECHANISM_INFO *i), (s, t, i))
WRAP(C_GetSlotInfo, (CK_SLOT_ID s, CK_SLOT_INFO *i), (s, i))
WRAP(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), (s, o))

/* NOLINTNEXTLINE(readability-function-size): PKCS#11 says so */
static CK_RV wrap_C_GenerateKeyPair(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                                    CK_ATTRIBUTE *pub, CK_ULONG pub_n,
                                    CK_ATTRIBUTE *prv, CK_ULONG prv_n,
                                    CK_OBJECT_HANDLE *pub_h,
                                    CK_OBJECT_HANDLE *prv_h)
{
    const CK_RV rv = fault("C_GenerateKeyPair");

    if (asked("strict") != NULL && prv_n > 8)
        return CKR_TEMPLATE_INCONSISTENT;
    return rv != CKR_OK ? rv
                        : real->C_GenerateKeyPair(s, m, pub, pub_n, prv, prv_n,
                                                  pub_h, prv_h);
}

static CK_RV wrap_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n)
{
    CK_RV rv = fault("C_GetSlotList");

    if (rv == CKR_OK)
        rv = real->C_GetSlotList(present, list, n);
    if (rv == CKR_OK && asked("slots") != NULL)
        *n = HUGE_COUNT;
    return rv;
}

static CK_RV wrap_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = fault("C_GetTokenInfo");
    const char *flags = asked("flags");

    if (rv == CKR_OK)
        rv = real->C_GetTokenInfo(slot, info);
    if (rv == CKR_OK && flags != NULL &&
        (info->flags & CKF_TOKEN_INITIALIZED) != 0)
        info->flags |= strtoul(flags, NULL, 0);
    if (rv == CKR_OK && asked("pins") != NULL)
        info->ulMaxPinLen = strtoul(asked("pins"), NULL, 0);
    if (rv == CKR_OK && asked("acme") != NULL) {
        memset(info->manufacturerID, 'a', sizeof(info->manufacturerID));
        memset(info->model, 'a', sizeof(info->model));
    }
    return rv;
}

static CK_RV wrap_C_FindObjects(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *list,
                                CK_ULONG max, CK_ULONG *n)
{
    CK_RV rv = fault("C_FindObjects");

    if (rv == CKR_OK)
        rv = real->C_FindObjects(s, list, asked("single") != NULL ? 1 : max, n);
    if (rv == CKR_OK && asked("growing") != NULL)
        *n = HUGE_COUNT;
    return rv;
}

static void say_true(CK_ATTRIBUTE *t)
{
    const CK_BBOOL yes = CK_TRUE;

    if (t->pValue != NULL)
        memcpy(t->pValue, &yes, sizeof(yes));
    t->ulValueLen = sizeof(yes);
}

static bool was_set;

static CK_RV wrap_C_SetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                                      CK_ATTRIBUTE *t, CK_ULONG n)
{
    const CK_RV rv = fault("C_SetAttributeValue");

    was_set = asked("keeps") != NULL;
    if (rv == CKR_OK && (was_set || asked("sets") != NULL))
        return CKR_OK;
    return rv != CKR_OK ? rv : real->C_SetAttributeValue(s, o, t, n);
}

/* The copy is no other object: what is claimed of it is. */
static CK_RV wrap_C_CopyObject(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                               CK_ATTRIBUTE *t, CK_ULONG n,
                               CK_OBJECT_HANDLE *copy)
{
    const CK_RV rv = fault("C_CopyObject");

    *copy = HUGE_COUNT;
    if (rv == CKR_OK && asked("copies") != NULL)
        return CKR_OK;
    return rv != CKR_OK ? rv : real->C_CopyObject(s, o, t, n, copy);
}

static void unwrap(CK_ATTRIBUTE *t)
{
    if (t->pValue == NULL || t->ulValueLen < 3)
        return;
    t->ulValueLen -= 2;
    memmove(t->pValue, (CK_BYTE *)t->pValue + 2, t->ulValueLen);
}

static CK_RV wrap_C_GetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                                      CK_ATTRIBUTE *t, CK_ULONG n)
{
    CK_RV rv = fault("C_GetAttributeValue");

    if (rv != CKR_OK)
        return rv;
    if (o == HUGE_COUNT) { /* C_CopyObject */
        say_true(t);
        return CKR_OK;
    }
    rv = real->C_GetAttributeValue(s, o, t, n);
    if (was_set && t->type == CKA_EXTRACTABLE)
        say_true(t);
    if (asked("extractable") != NULL && t->type == CKA_EXTRACTABLE)
        say_true(t);
    if (asked("derives") != NULL && t->type == CKA_DERIVE)
        say_true(t);
    if (asked("silent") != NULL &&
        (t->type == CKA_EXTRACTABLE || t->type == CKA_SENSITIVE))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (asked("reauthenticate") != NULL && t->type == CKA_ALWAYS_AUTHENTICATE)
        say_true(t);
    if (asked("bare") != NULL && t->type == CKA_EC_POINT && rv == CKR_OK)
        unwrap(t);
    if (asked("leak") != NULL && t->type == CKA_VALUE) {
        say_true(t);
        return CKR_OK;
    }
    if (asked("mute") != NULL && t->type == CKA_VALUE)
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (asked("huge") != NULL)
        t->ulValueLen = HUGE_COUNT;
    if (asked("unavailable") != NULL)
        t->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (asked("nobytes") != NULL)
        t->ulValueLen = 0;
    return rv;
}

static CK_RV wrap_C_WrapKey(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                            CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
                            CK_BYTE *out, CK_ULONG *n)
{
    const CK_RV rv = fault("C_WrapKey");

    if (rv == CKR_OK && asked("wraps") != NULL)
        return CKR_OK;
    return rv != CKR_OK ? rv : real->C_WrapKey(s, m, with, key, out, n);
}

static CK_RV wrap_C_Login(CK_SESSION_HANDLE s, CK_USER_TYPE u, CK_UTF8CHAR *p,
                          CK_ULONG n)
{
    const CK_RV rv = fault("C_Login");

    scan("C_Login");
    return rv != CKR_OK ? rv : real->C_Login(s, u, p, n);
}

/* Any private key but @p key; @p key when there is no other. */
static CK_OBJECT_HANDLE another(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found[2] = {key, key};
    CK_ULONG n = 0;

    (void)real->C_FindObjectsInit(s, &wanted, 1);
    (void)real->C_FindObjects(s, found, 2, &n);
    (void)real->C_FindObjectsFinal(s);
    return found[0] == key ? found[1] : found[0];
}

static CK_RV wrap_C_SignInit(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                             CK_OBJECT_HANDLE k)
{
    const CK_RV rv = fault("C_SignInit");

    if (rv != CKR_OK)
        return rv;
    return real->C_SignInit(s, m, asked("other") != NULL ? another(s, k) : k);
}

/* What was given first is given again. */
static void give_again(CK_BYTE *out, CK_ULONG n)
{
    static CK_BYTE first[512];
    static CK_ULONG first_n;

    if (first_n == 0 && n <= sizeof(first)) {
        memcpy(first, out, n);
        first_n = n;
    }
    if (first_n == n)
        memcpy(out, first, n);
}

static CK_RV wrap_C_Sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_n,
                         CK_BYTE *out, CK_ULONG *n)
{
    CK_RV rv = fault("C_Sign");
    const char *length = asked("length");

    scan("C_Sign");
    if (rv == CKR_OK)
        rv = real->C_Sign(s, in, in_n, out, n);
    if (rv == CKR_OK && asked("flip") != NULL)
        out[*n / 2] ^= 0x01;
    if (rv == CKR_OK && asked("zero") != NULL)
        memset(out, 0, *n);
    if (rv == CKR_OK && asked("stale") != NULL)
        give_again(out, *n);
    if (rv == CKR_OK && length != NULL)
        *n = strtoul(length, NULL, 0);
    return rv;
}

static void fill(void)
{
    ours = *real;
#define OURS(name) ours.name = wrap_##name
    OURS(C_Initialize);
    OURS(C_Finalize);
    OURS(C_GetInfo);
    OURS(C_InitToken);
    OURS(C_InitPIN);
    OURS(C_OpenSession);
    OURS(C_CloseSession);
    OURS(C_Login);
    OURS(C_Logout);
    OURS(C_FindObjectsInit);
    OURS(C_FindObjectsFinal);
    OURS(C_SignInit);
    OURS(C_GetMechanismInfo);
    OURS(C_GetSlotInfo);
    OURS(C_SetAttributeValue);
    OURS(C_CopyObject);
    OURS(C_DestroyObject);
    OURS(C_GenerateKeyPair);
    OURS(C_GetSlotList);
    OURS(C_GetTokenInfo);
    OURS(C_FindObjects);
    OURS(C_GetAttributeValue);
    OURS(C_Sign);
    OURS(C_GenerateKey);
    OURS(C_WrapKey);
#undef OURS
}

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    void *so = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
    void *symbol = so == NULL ? NULL : dlsym(so, "C_GetFunctionList");
    CK_C_GetFunctionList entry = NULL;
    CK_RV rv = fault("C_GetFunctionList");

    if (rv != CKR_OK)
        return rv;
    if (symbol == NULL)
        return CKR_GENERAL_ERROR;
    memcpy(&entry, &symbol, sizeof(symbol));
    rv = entry(&real);
    if (rv != CKR_OK)
        return rv;
    fill();
    *list = &ours;
    return CKR_OK;
}
