/* The sample documents, which another program made: our readers take them and
 * our writers make them again, byte for byte. */
#include "hm_manifest.h"
#include "hm_trust.h"

#include "hm_test.h"

#define SAMPLE(name) (HM_TESTDATA "/documents/" name)
#define BYTES_MAX    ((size_t)1 << 20)

static void load(const char *path, struct hm_buf *out)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_load(path, out, &e), &e);
}

static void root_json_is_made_again(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_buf) again = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    load(SAMPLE("root.json"), &text);
    assert_ok(hm_root_read(&root, hm_buf_view(&text), &e), &e);
    assert_ok(hm_root_write(&root, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&text));
}

static void authorisation_json_is_made_again_and_fits_root_json(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_buf) again = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    load(SAMPLE("authorisation.json"), &text);
    assert_ok(hm_authorisation_read(&a, hm_buf_view(&text), &e), &e);
    assert_ok(hm_authorisation_write(&a, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&text));
    assert_ok(hm_root_load(&root, SAMPLE("root.json"), NULL, &e), &e);
    assert_ok(hm_authorisation_check_root(&a, &root, &e), &e);
}

static void manifest_json_is_made_again(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_buf) again = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    load(SAMPLE("manifest.json"), &text);
    assert_ok(hm_manifest_read(&m, hm_buf_view(&text), &e), &e);
    assert_ok(hm_manifest_write(&m, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&text));
    assert_true(m.rollout.n > 0); /* reserved, kept as it is */
}

static void index_json_is_made_again(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_buf) again = HM_BUF_INIT(BYTES_MAX);
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    load(SAMPLE("index.json"), &text);
    assert_ok(hm_index_read(&index, hm_buf_view(&text), &e), &e);
    assert_ok(hm_index_write(&index, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_json_is_made_again),
        cmocka_unit_test(authorisation_json_is_made_again_and_fits_root_json),
        cmocka_unit_test(manifest_json_is_made_again),
        cmocka_unit_test(index_json_is_made_again),
    };

    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
