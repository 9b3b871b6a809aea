/* The least that a signature on a token costs: load the module, log in, find
 * the first private key, sign one digest.  What hallmark-sign is measured
 * against; it guards nothing and checks nothing.
 * usage: bare_sign MODULE PIN-FILE */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what)
{
    (void)fprintf(stderr, "bare_sign: %s failed\n", what);
    return 1;
}

static int sign(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[128];
    CK_ULONG n = sizeof(signature);
    CK_ULONG found = 0;
    CK_OBJECT_HANDLE key = 0;

    if (f->C_FindObjectsInit(session, &wanted, 1) != CKR_OK ||
        f->C_FindObjects(session, &key, 1, &found) != CKR_OK ||
        f->C_FindObjectsFinal(session) != CKR_OK || found != 1)
        return fail("finding a key");
    if (f->C_SignInit(session, &mechanism, key) != CKR_OK ||
        f->C_Sign(session, digest, sizeof(digest), signature, &n) != CKR_OK)
        return fail("signing");
    return 0;
}

/* The first token that has a user PIN. */
static int login(CK_FUNCTION_LIST *f, char *pin, CK_SESSION_HANDLE *session)
{
    CK_SLOT_ID slots[16];
    CK_ULONG n = 16;
    CK_TOKEN_INFO info;

    if (f->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return fail("listing slots");
    for (CK_ULONG i = 0; i < n; i++) {
        if (f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            (info.flags & CKF_USER_PIN_INITIALIZED) == 0)
            continue;
        if (f->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL,
                             session) == CKR_OK &&
            f->C_Login(*session, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen(pin)) ==
                CKR_OK)
            return 0;
    }
    return fail("logging in");
}

static int read_pin(const char *path, char *pin, int size)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;

    if (file == NULL)
        return fail("opening the PIN file");
    line = fgets(pin, size, file);
    (void)fclose(file);
    if (line == NULL)
        return fail("reading the PIN");
    pin[strcspn(pin, "\n")] = '\0';
    return 0;
}

int main(int argc, char *argv[])
{
    CK_C_GetFunctionList entry = NULL;
    CK_FUNCTION_LIST *f = NULL;
    CK_SESSION_HANDLE session = 0;
    char pin[256];
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");

    if (symbol == NULL)
        return fail("loading the module");
    memcpy(&entry, &symbol, sizeof(symbol));
    if (entry(&f) != CKR_OK || f->C_Initialize(NULL) != CKR_OK)
        return fail("initialising the module");
    if (read_pin(argv[2], pin, (int)sizeof(pin)) != 0 ||
        login(f, pin, &session) != 0 || sign(f, session) != 0)
        return 1;
    return f->C_Finalize(NULL) == CKR_OK ? 0 : fail("finalising");
}
