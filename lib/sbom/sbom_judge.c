#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sbom_priv.h"

/* One check under way. */
struct job {
    const struct hm_sbom *s;
    const struct hm_sbom_wanted *wanted;
    struct hm_sbom_finding *f;
};

__attribute__((format(printf, 3, 4))) static void
say(const struct job *j, enum hm_sbom_result result, const char *fmt, ...)
{
    va_list ap;

    j->f->result = result;
    va_start(ap, fmt);
    (void)vsnprintf(j->f->text, sizeof(j->f->text), fmt, ap);
    va_end(ap);
}

hm_rc sbom_check_root(const struct hm_sbom *s, struct hm_err *e)
{
    if (s->component.item == NULL || s->name == NULL || s->name[0] == '\0')
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sbom.root.missing",
                               "%s: the SBOM does not say what it describes",
                               s->component.item == NULL
                                   ? "there is no metadata.component"
                                   : "metadata.component has no name"),
                       "metadata.component names the product and its version");
    return HM_OK;
}

static void check_root(const struct job *j)
{
    struct hm_err e;

    if (sbom_check_root(j->s, &e) != HM_OK)
        say(j, HM_SBOM_FAIL, "%s", e.text);
    else
        say(j, HM_SBOM_PASS, "describes '%s' version '%s'",
            hm_show_str(j->s->name),
            j->s->version == NULL ? "" : hm_show_str(j->s->version));
}

static void compare_text(const struct job *j, const char *what,
                         const char *found, const char *wanted)
{
    if (wanted == NULL)
        say(j, HM_SBOM_NOT_RUN, "no release to compare the %s with", what);
    else if (found == NULL)
        say(j, HM_SBOM_FAIL, "the root component has no %s, expected '%s'",
            what, hm_show_str(wanted));
    else if (strcmp(found, wanted) != 0)
        say(j, HM_SBOM_FAIL,
            "the root component has the %s '%s', expected '%s'", what,
            hm_show_str(found), hm_show_str(wanted));
    else
        say(j, HM_SBOM_PASS, "the %s is '%s'", what, hm_show_str(found));
}

static void check_name(const struct job *j)
{
    compare_text(j, "name", j->s->name, j->wanted->product);
}

static void check_version(const struct job *j)
{
    compare_text(j, "version", j->s->version, j->wanted->version);
}

static void check_digest(const struct job *j)
{
    struct sbom_stated stated;
    struct hm_err e;

    if (j->wanted->artefact == NULL) {
        say(j, HM_SBOM_NOT_RUN, "no artefact to compare the digest with");
        return;
    }
    sbom_compare_root(j->s, j->wanted->artefact, &stated);
    if (stated.wrong != NULL &&
        sbom_refuse_digest(&stated, j->wanted->artefact, &e) != HM_OK)
        say(j, HM_SBOM_FAIL, "%s", e.text);
    else if (stated.has_sha256 || stated.has_sha512)
        say(j, HM_SBOM_PASS, "the root component states the artefact's %s",
            !stated.has_sha512   ? "SHA-256"
            : !stated.has_sha256 ? "SHA-512"
                                 : "SHA-256 and SHA-512");
    else
        say(j, HM_SBOM_WARN,
            "the root component states no SHA-256 or SHA-512: only the bound "
            "copy ties it to the artefact");
}

static void check_conflict(const struct job *j)
{
    const char *name = sbom_find_conflict(j->s);

    if (name != NULL)
        say(j, HM_SBOM_FAIL,
            "component '%s' gives two values for one hash algorithm",
            hm_show_str(name));
    else
        say(j, HM_SBOM_PASS,
            "no component gives two values for one hash "
            "algorithm");
}

static void check_count(const struct job *j)
{
    if (j->s->components + j->s->services == 0)
        say(j, HM_SBOM_FAIL,
            "no component besides the root: an empty list is no inventory");
    else
        say(j, HM_SBOM_PASS,
            "%zu components and %zu services, nested ones "
            "counted",
            j->s->components, j->s->services);
}

static void check_names(const struct job *j, const struct hm_names *names,
                        const char *problem, const char *praise)
{
    if (names->n > 0)
        say(j, HM_SBOM_FAIL, "%zu %s, the first is '%s'", names->n, problem,
            hm_show_str(names->name[0]));
    else
        say(j, HM_SBOM_PASS, "%s", praise);
}

static void check_duplicates(const struct job *j)
{
    check_names(j, &j->s->duplicates, "bom-refs stand more than once",
                "every bom-ref stands once");
}

static void check_dangling(const struct job *j)
{
    check_names(j, &j->s->dangling,
                "references of dependencies lead to nothing",
                "every dependency leads to a component");
}

static void check_vulnerabilities(const struct job *j)
{
    if (j->s->vulnerabilities > 0)
        say(j, HM_SBOM_WARN,
            "%zu vulnerabilities: they age, an SBOM of a release does not; "
            "ship them as VEX or CSAF",
            j->s->vulnerabilities);
    else
        say(j, HM_SBOM_PASS, "no vulnerability data");
}

static void check_signature(const struct job *j)
{
    if (j->s->has_signature)
        say(j, HM_SBOM_WARN,
            "the document carries a signature of its own, which is not "
            "verified here");
    else
        say(j, HM_SBOM_PASS, "no signature inside");
}

static const struct {
    const char *name; /* the reason when it fails */
    const char *topic;
    void (*run)(const struct job *j);
} checks[] = {
    {"sbom.root.missing", "root component", check_root},
    {"sbom.product.name", "product name", check_name},
    {"sbom.product.version", "product version", check_version},
    {"sbom.component.digest", "artefact digest", check_digest},
    {"sbom.hash.conflict", "hashes", check_conflict},
    {"sbom.component.none", "components", check_count},
    {"sbom.ref.duplicate", "bom-refs", check_duplicates},
    {"sbom.ref.dangling", "dependencies", check_dangling},
    {"sbom.vulnerability.present", "vulnerabilities", check_vulnerabilities},
    {"sbom.signature.unverified", "signature", check_signature},
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

hm_rc hm_sbom_judge(const struct hm_sbom *s,
                    const struct hm_sbom_wanted *wanted,
                    struct hm_sbom_verdict *v, struct hm_err *e)
{
    hm_sbom_verdict_clear(v);
    v->findings = calloc(CHECKS, sizeof(*v->findings));
    if (v->findings == NULL)
        return hm_fail(e, HM_E_NOMEM, "sbom.verdict.nomem",
                       "out of memory for %zu findings", CHECKS);
    for (size_t i = 0; i < CHECKS; i++) {
        struct hm_sbom_finding *f = &v->findings[v->n++];

        f->check = checks[i].name;
        f->topic = checks[i].topic;
        checks[i].run(&(const struct job){s, wanted, f});
        v->failed += f->result == HM_SBOM_FAIL;
        v->warned += f->result == HM_SBOM_WARN;
        v->not_run += f->result == HM_SBOM_NOT_RUN;
    }
    return HM_OK;
}

void hm_sbom_verdict_clear(struct hm_sbom_verdict *v)
{
    free(v->findings);
    *v = (struct hm_sbom_verdict)HM_SBOM_VERDICT_INIT;
}

const char *hm_sbom_result_name(enum hm_sbom_result result)
{
    static const char *const names[] = {"pass", "fail", "warn", "not-run"};

    return (size_t)result < 4 ? names[result] : "fail";
}
