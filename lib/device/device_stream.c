/* Check 5: size, then SHA-256, before one byte may be used. */
#include "device_memory.h"
#include "device_priv.h"

static uint32_t refuse(struct hm_device_stream *s, const char *reason)
{
    if (s->verdict == HM_DEVICE_YES)
        s->reason = reason;
    s->verdict = HM_DEVICE_NO;
    return HM_DEVICE_NO;
}

void hm_device_stream_begin(struct hm_device_stream *s,
                            const struct hm_device_crypto *crypto,
                            const struct hm_device_artefact *want)
{
    memset(s, 0, sizeof(*s));
    s->crypto = crypto;
    s->want = want;
    s->verdict = HM_DEVICE_YES;
    s->reason = device_yes;
    if (crypto->sha256_begin(crypto->context) != HM_DEVICE_YES)
        (void)refuse(s, "device.crypto.failed");
}

uint32_t hm_device_stream_add(struct hm_device_stream *s,
                              struct hm_device_bytes in)
{
    if (s->verdict != HM_DEVICE_YES)
        return HM_DEVICE_NO;
    if (in.n > s->want->size - s->seen)
        return refuse(s, "artefact.size");
    s->seen += in.n;
    if (s->crypto->sha256_add(s->crypto->context, in.p, in.n) != HM_DEVICE_YES)
        return refuse(s, "device.crypto.failed");
    return HM_DEVICE_YES;
}

uint32_t hm_device_stream_end(struct hm_device_stream *s)
{
    uint8_t digest[HM_DEVICE_SHA256];
    uint8_t differs = 0;
    size_t i;

    if (s->verdict != HM_DEVICE_YES)
        return HM_DEVICE_NO;
    if (s->seen != s->want->size)
        return refuse(s, "artefact.size");
    memset(digest, 0, sizeof(digest));
    if (s->crypto->sha256_end(s->crypto->context, digest) != HM_DEVICE_YES)
        return refuse(s, "device.crypto.failed");
    for (i = 0; i < sizeof(digest); i++)
        differs = (uint8_t)(differs | (digest[i] ^ s->want->sha256[i]));
    return differs == 0 ? HM_DEVICE_YES : refuse(s, "artefact.digest");
}
