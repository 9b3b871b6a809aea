/** @file
 * The record of a rotation: root keys 1 and 3 signed it, the verification key of
 * the maker took the place of the vendor's, numbers 8 and 9 were left out.
 */
#ifndef CEREMONY_MAKER_H
#define CEREMONY_MAKER_H

#include "hm_ceremony.h"
#include "request_maker.h"

#define CEREMONY_SKIP "9 was signed by mistake"

struct ceremony_world {
    struct request_world *w;
    struct hm_request *request;     /**< owned: 7 to 10, passed */
    struct hm_signatures signed_by; /**< owned: of its document */
    struct hm_buf whole; /**< owned: a record with evidence of all but
                                      root key 3 */
};

int ceremony_world_make(void **state);
int ceremony_world_clear(void **state);

/** An empty record; dies with its block. */
struct hm_ceremony *ceremony_new(void);
void ceremony_free(struct hm_ceremony **c);
#define OWN_CEREMONY __attribute__((cleanup(ceremony_free))) struct hm_ceremony

/** What its documents say, everybody named. */
void ceremony_fill(const struct ceremony_world *cw, struct hm_ceremony *c);

/** Evidence of a key, every text and claim another. */
void ceremony_evidence(const struct ceremony_world *cw, enum maker_name key,
                       struct hm_signer *to);

/** Signatures over @p text, one each. */
void ceremony_sign_by(const struct ceremony_world *cw, struct hm_bytes text,
                      const enum maker_name *who, size_t n,
                      struct hm_signatures *to);

#endif /* CEREMONY_MAKER_H */
