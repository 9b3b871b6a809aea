#include "evidence_story.h"

#include "hm_test.h"

#include <stdlib.h>

/* What the newer authorisation says of the key that signed 1.0.0: at that time
 * it was current. */
static void not_retired_yet(struct hm_authorisation *a, void *context)
{
    const struct evidence_story *s = context;

    hm_authorised_key_clear(&a->retired[0].entry);
    a->retired_n = 0;
    maker_authorise(&s->maker, a, MAKER_RETIRED, HM_ROLE_MANIFEST,
                    "thermostat");
}

static void make_routine(struct hm_manifest *m, void *context)
{
    (void)context;
    m->update_type = HM_UPDATE_ROUTINE;
    m->severity = HM_SEVERITY_NONE;
    free(m->advisories[0].aliases.word);
    m->advisories_n = 0;
}

static void make_hostile(struct hm_manifest *m, void *context)
{
    (void)context;
    (void)snprintf(m->advisories[0].action, sizeof(m->advisories[0].action),
                   "%s", STORY_HOSTILE);
}

static void make_releases(struct evidence_story *s)
{
    const struct maker_plan first = {
        .version = "1.0.0",
        .time = MAKER_TIME - 10 * MAKER_DAY,
        .rollback_counter = 1,
        .manifest = {.n = 1, .key = {MAKER_RETIRED}},
        .context = s,
        .edit_authorisation = not_retired_yet,
        .edit_manifest = make_routine};
    const struct maker_plan second = {.version = "1.0.1",
                                      .sequence = 2,
                                      .authorisation_sequence = 2,
                                      .edit_manifest = make_hostile};

    maker_release(&s->maker, hm_temp_path(&s->temp, "1.0.0"), &first);
    maker_release(&s->maker, hm_temp_path(&s->temp, "1.0.1"), &second);
}

static void publish(const struct evidence_story *s, const char *release,
                    const char *at)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    EVIDENCE_RUN(s, &r, "hallmark-publish", release, "repository", "--root",
                 "root.json", "--at", at);
    assert_run(&r, 0, "");
}

void evidence_story_make(struct evidence_story *s)
{
    hm_temp_make(&s->temp);
    maker_init(&s->maker, 2, 3);
    maker_save_root(&s->maker, hm_temp_path(&s->temp, "root.json"));
    make_releases(s);
    publish(s, "1.0.0", "2026-05-02T09:00:00Z");
    publish(s, "1.0.1", "2026-05-12T09:00:00Z");
}

void evidence_story_clear(struct evidence_story *s)
{
    maker_clear(&s->maker);
    hm_temp_clear(&s->temp);
}

void evidence_story_build(const struct evidence_story *s, const char *name)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository", "--root",
                 "root.json", "-o", name);
    assert_run(&r, 0, "");
}

int evidence_story_sh(const struct evidence_story *s, const char *script,
                      struct hm_run *r)
{
    const struct hm_run_how how = {.cwd = s->temp.path};

    HM_RUN(r, &how, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "sh", "-c",
           script);
    return r->status;
}

int evidence_story_verify(const struct evidence_story *s, const char *pack)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    const struct hm_run_how how = {.cwd = hm_temp_path(&s->temp, pack)};

    HM_RUN(&r, &how, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "sh",
           "./verify.sh");
    return r.status;
}

void evidence_story_serve(const struct evidence_story *s, const char *from,
                          const char *name)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char script[512];

    (void)snprintf(script, sizeof(script),
                   "mkdir -p repository/history/%s && cp %s/manifest.json* "
                   "%s/authorisation.json* repository/history/%s/",
                   name, from, from, name);
    assert_int_equal(evidence_story_sh(s, script, &r), 0);
}
