/* A guess, for messages: nothing is decided by it but the words of a refusal.
 */
#include "sbom_priv.h"

#define HEAD_MAX 4096u

static bool starts(struct hm_bytes text, struct hm_bytes magic)
{
    return text.n >= magic.n && memcmp(text.p, magic.p, magic.n) == 0;
}

static bool holds(struct hm_bytes text, struct hm_bytes word)
{
    return text.n > 0 && memmem(text.p, text.n, word.p, word.n) != NULL;
}

static bool is_utf16(struct hm_bytes text)
{
    return starts(text, HM_LIT("\xff\xfe")) ||
           starts(text, HM_LIT("\xfe\xff")) ||
           (text.n >= 2 && (text.p[0] == 0 || text.p[1] == 0));
}

static bool is_packed(struct hm_bytes text)
{
    return starts(text, HM_LIT("\x1f\x8b")) || starts(text, HM_LIT("BZh")) ||
           starts(text, HM_LIT("\xfd"
                               "7zXZ")) ||
           starts(text, HM_LIT("\x28\xb5\x2f\xfd")) ||
           starts(text, HM_LIT("PK\x03\x04"));
}

static enum hm_sbom_format identify_xml(struct hm_bytes text)
{
    if (text.n > HEAD_MAX)
        text.n = HEAD_MAX;
    if (holds(text, HM_LIT("cyclonedx.org/schema/bom")))
        return HM_SBOM_CYCLONEDX_XML;
    if (holds(text, HM_LIT("spdx.org/")) || holds(text, HM_LIT("<Document")))
        return HM_SBOM_SPDX_RDF;
    return HM_SBOM_XML;
}

static enum hm_sbom_format identify_json(struct hm_bytes text)
{
    if (holds(text, HM_LIT("\"bomFormat\"")))
        return HM_SBOM_CYCLONEDX_JSON;
    if (holds(text, HM_LIT("\"spdxVersion\"")))
        return HM_SBOM_SPDX_JSON;
    if (holds(text, HM_LIT("\"@context\"")) &&
        holds(text, HM_LIT("spdx.org/rdf/3")))
        return HM_SBOM_SPDX_3;
    if (holds(text, HM_LIT("\"artifactRelationships\"")))
        return HM_SBOM_SYFT;
    return HM_SBOM_JSON;
}

enum hm_sbom_format hm_sbom_identify(struct hm_bytes text)
{
    struct hm_bytes rest = text;

    if (is_utf16(text))
        return HM_SBOM_UTF16;
    if (starts(text, HM_LIT("\xef\xbb\xbf")))
        return HM_SBOM_UTF8_MARK;
    if (is_packed(text))
        return HM_SBOM_PACKED;
    while (rest.n > 0 && strchr(" \t\r\n", rest.p[0]) != NULL) {
        rest.p++;
        rest.n--;
    }
    if (starts(rest, HM_LIT("<")))
        return identify_xml(rest);
    if (starts(rest, HM_LIT("{")) || starts(rest, HM_LIT("[")))
        return identify_json(rest);
    if (starts(rest, HM_LIT("SPDXVersion:")) ||
        holds(rest, HM_LIT("\nSPDXVersion:")))
        return HM_SBOM_SPDX_TAG;
    return HM_SBOM_UNKNOWN;
}

const char *hm_sbom_format_name(enum hm_sbom_format format)
{
    static const char *const names[] = {
        [HM_SBOM_UNKNOWN] = "no format that is known here",
        [HM_SBOM_CYCLONEDX_JSON] = "CycloneDX in JSON",
        [HM_SBOM_CYCLONEDX_XML] = "CycloneDX in XML",
        [HM_SBOM_SPDX_JSON] = "SPDX 2.x in JSON",
        [HM_SBOM_SPDX_TAG] = "SPDX 2.x in tag-value form",
        [HM_SBOM_SPDX_RDF] = "SPDX in RDF/XML",
        [HM_SBOM_SPDX_3] = "SPDX 3 in JSON-LD",
        [HM_SBOM_SYFT] = "the JSON of Syft itself",
        [HM_SBOM_JSON] = "JSON, but no SBOM that is known here",
        [HM_SBOM_XML] = "XML, but no SBOM that is known here",
        [HM_SBOM_PACKED] = "a compressed file",
        [HM_SBOM_UTF16] = "UTF-16 or UTF-32 text",
        [HM_SBOM_UTF8_MARK] = "text with a byte-order mark in front",
    };

    return (size_t)format < sizeof(names) / sizeof(names[0]) ? names[format]
                                                             : names[0];
}
