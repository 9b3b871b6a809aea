/* What readers ask too, apart from the writer: a program that packs nothing
 * links nothing of it. */
#include "archive_priv.h"

hm_rc hm_archive_form_of(const char *name, enum hm_archive_form *form,
                         struct hm_err *e)
{
    static const struct {
        const char *suffix;
        enum hm_archive_form form;
    } forms[] = {{".tar.gz", HM_ARCHIVE_TAR_GZ},
                 {".tgz", HM_ARCHIVE_TAR_GZ},
                 {".tar", HM_ARCHIVE_TAR}};
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        const size_t k = strlen(forms[i].suffix);

        *form = forms[i].form;
        if (n > k && strcmp(name + n - k, forms[i].suffix) == 0)
            return HM_OK;
    }
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "archive.name.suffix",
                           "'%s' does not say what kind of archive it is",
                           hm_show_str(name)),
                   "let the name end in .tar.gz or .tar");
}
