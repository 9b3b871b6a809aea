#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm_priv.h"

HM_MUST static hm_rc bad_path(const char *path, const char *why,
                              struct hm_err *e)
{
    return hm_fail(e, HM_E_TOKEN, "hsm.module.path",
                   "PKCS#11 module '%s' is not loaded: %s", hm_show_str(path),
                   why);
}

/* Whoever can change the file, or a directory above it, would get the PIN.
 * A sticky directory (like /tmp) lets nobody replace another's files. */
HM_MUST static hm_rc check_writers(const char *path, const char *given,
                                   struct hm_err *e)
{
    char part[1024];
    struct stat st;

    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
        return bad_path(given, "its path is too long", e);
    for (char *slash = strrchr(part, '/'); slash != NULL;
         slash = strrchr(part, '/')) {
        *slash = '\0';
        if (stat(part[0] == '\0' ? "/" : part, &st) != 0)
            return bad_path(given, "a directory above it cannot be read", e);
        if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
            return bad_path(given, "everybody may write a directory above it",
                            e);
    }
    return HM_OK;
}

HM_MUST static hm_rc check_path(const char *given, char real[PATH_MAX],
                                struct hm_err *e)
{
    struct stat st;

    if (given[0] != '/')
        return hm_hint(e, bad_path(given, "its path is not absolute", e),
                       "give '--module' the full path, e.g. %s",
                       HM_HSM_MODULE_DEFAULT);
    if (realpath(given, real) == NULL || stat(real, &st) != 0)
        return hm_hint(e, bad_path(given, "there is no such file", e),
                       "install the token's PKCS#11 module (SoftHSM: package "
                       "softhsm2) or give '--module PATH'");
    if (!S_ISREG(st.st_mode))
        return bad_path(given, "it is no regular file", e);
    if ((st.st_mode & S_IWOTH) != 0)
        return bad_path(given, "everybody may write it", e);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return bad_path(given, "it belongs to another user", e);
    return check_writers(real, given, e);
}

/* A C function pointer and dlsym's object pointer have the same bytes in
 * POSIX; copying them is what ISO C leaves. */
HM_MUST static hm_rc call_entry(struct hsm_state *s, void *library,
                                const char *path, CK_RV *rv, struct hm_err *e)
{
    void *symbol = dlsym(library, "C_GetFunctionList");
    CK_C_GetFunctionList entry = NULL;

    if (symbol != NULL)
        memcpy(&entry, &symbol, sizeof(symbol));
    if (entry == NULL)
        return hm_fail(e, HM_E_TOKEN, "hsm.module.kind",
                       "'%s' is no PKCS#11 module: it has no C_GetFunctionList",
                       hm_show_str(path));
    *rv = entry(&s->f);
    return HM_OK;
}

static bool has_functions(const CK_FUNCTION_LIST *f)
{
    return f != NULL && f->version.major == 2 && f->C_Initialize != NULL &&
           f->C_Finalize != NULL && f->C_GetInfo != NULL &&
           f->C_GetSlotList != NULL && f->C_GetTokenInfo != NULL &&
           f->C_InitToken != NULL && f->C_InitPIN != NULL &&
           f->C_OpenSession != NULL && f->C_CloseSession != NULL &&
           f->C_Login != NULL && f->C_Logout != NULL &&
           f->C_GetAttributeValue != NULL && f->C_FindObjectsInit != NULL &&
           f->C_FindObjects != NULL && f->C_FindObjectsFinal != NULL &&
           f->C_SignInit != NULL && f->C_Sign != NULL &&
           f->C_GenerateKeyPair != NULL && f->C_DestroyObject != NULL;
}

/* Never closed again: modules leave threads and exit handlers behind. */
HM_MUST static hm_rc load(struct hsm_state *s, const char *real,
                          struct hm_err *e)
{
    void *library = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    CK_RV rv = CKR_OK;

    if (library == NULL) {
        const char *why = dlerror();

        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.module.load",
                               "cannot load PKCS#11 module '%s': %s",
                               hm_show_str(real),
                               why == NULL ? "unknown" : hm_show_str(why)),
                       "name the PKCS#11 library of the token's maker with "
                       "--module, or as module under signing in release.json");
    }
    HM_TRY(call_entry(s, library, real, &rv, e));
    if (rv != CKR_OK || !has_functions(s->f)) {
        s->f = NULL;
        return hm_fail(e, HM_E_TOKEN, "hsm.module.kind",
                       "'%s' gives no PKCS#11 2.x functions (%s)",
                       hm_show_str(real), hsm_rv_name(rv));
    }
    return HM_OK;
}

/* Who made the module, and its version, e.g. "SoftHSM 2.6". */
static void read_library(struct hsm_state *s)
{
    CK_INFO info = {.flags = 0};
    size_t n = sizeof(info.manufacturerID);

    if (s->f->C_GetInfo(&info) != CKR_OK)
        return;
    while (n > 0 && (info.manufacturerID[n - 1] == ' ' ||
                     info.manufacturerID[n - 1] == '\0'))
        n--;
    (void)snprintf(s->library, sizeof(s->library), "%.*s %u.%u", (int)n,
                   (const char *)info.manufacturerID, info.libraryVersion.major,
                   info.libraryVersion.minor);
}

/* NSS takes its parameters where PKCS#11 has a reserved pointer, and writes
 * nothing there. */
static CK_RV initialise(struct hsm_state *s, const char *text)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

    memcpy(&args.pReserved, &text, sizeof(text));
    return s->f->C_Initialize(&args);
}

/* NSS's module wants its parameters, and no other takes them. */
HM_MUST static hm_rc fail_arguments(const char *path, bool is_given,
                                    struct hm_err *e)
{
    if (is_given)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.nss.module",
                               "module '%s' takes no NSS database "
                               "(C_Initialize gave CKR_ARGUMENTS_BAD)",
                               hm_show_str(path)),
                       "--nss goes with NSS's own module: leave --module out, "
                       "or name the file libsoftokn3.so");
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.nss.module",
                           "module '%s' wants to be told more (C_Initialize "
                           "gave CKR_ARGUMENTS_BAD)",
                           hm_show_str(path)),
                   "NSS's libsoftokn3.so wants its database: --nss DIR");
}

hm_rc hsm_module_load(struct hsm_state *s, const char *path, const char *args,
                      struct hm_err *e)
{
    CK_RV rv;

    HM_TRY(check_path(path, s->real, e));
    if (snprintf(s->module, sizeof(s->module), "%s", path) >=
        (int)sizeof(s->module))
        return bad_path(path, "its path is too long", e);
    HM_TRY(load(s, s->real, e));
    rv = initialise(s, args);
    if (rv == CKR_ARGUMENTS_BAD)
        return fail_arguments(path, args != NULL, e);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_Initialize", rv, e);
    s->is_initialised = true;
    read_library(s);
    return HM_OK;
}
