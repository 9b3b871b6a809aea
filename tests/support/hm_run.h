/** @file
 * Run a program of the build as a user would, and look at what it did.
 */
#ifndef HM_RUN_H
#define HM_RUN_H

#include "hm_file.h"

/** What a finished program left. */
struct hm_run {
    int status;        /**< exit status; 128 + signal when killed */
    struct hm_buf out; /**< standard output; NUL behind the last byte */
    struct hm_buf err; /**< standard error; NUL behind the last byte */
};

#define HM_RUN_INIT                                 \
    {                                               \
        .status = -1, .out = HM_BUF_INIT(1u << 26), \
        .err = HM_BUF_INIT(1u << 20)                \
    }

/** How to run it; all members may be zero. */
struct hm_run_how {
    const char *cwd;        /**< working directory */
    const char *const *env; /**< NULL-ended NAME=VALUE added to the caller's */
    struct hm_bytes in;     /**< standard input; empty: /dev/null */
    unsigned drop_to_uid;   /**< run as this user (when root); 0: as we are */
    uint64_t file_size_max; /**< RLIMIT_FSIZE in bytes; 0: none */
    bool stdout_full;       /**< standard output is /dev/full */
};

/** Run build/PRESET/bin/@p argv[0] (or an absolute path) to its end; fails the
 * test when it cannot be started or runs longer than 120 s.
 *
 * @param how   may be NULL
 * @param argv  ends with NULL
 */
void hm_run(struct hm_run *r, const struct hm_run_how *how,
            const char *const argv[]);

/** hm_run() with the words as arguments:
 * `HM_RUN(&r, NULL, "hallmark-pack", "tree", "-o", "x.tar.gz");` */
#define HM_RUN(r, how, ...) \
    hm_run((r), (how), (const char *const[]){__VA_ARGS__, NULL})

/** Exit status and reason: standard error must hold "[reason]"; "" for none. */
#define assert_run(r, want_status, reason) \
    hm_run_expect((r), (want_status), (reason), __FILE__, __LINE__)
void hm_run_expect(const struct hm_run *r, int status, const char *reason,
                   const char *file, int line);

/** Standard output as text. */
const char *hm_run_out(const struct hm_run *r);
const char *hm_run_err(const struct hm_run *r);

void hm_run_clear(struct hm_run *r);

/** A new empty directory (mode 0755) for one test, removed by
 * hm_temp_clear(): in memory where /dev/shm can hold it and start programs,
 * because syncing waits for the disk of everybody else on the machine. */
struct hm_temp {
    char path[256];
};
void hm_temp_make(struct hm_temp *t);
/** The same below /tmp: for tests of the file system itself. */
void hm_temp_make_on_disk(struct hm_temp *t);
void hm_temp_clear(struct hm_temp *t);

/** "<temp>/<name>" in a buffer that lives as long as the block. */
#define hm_temp_path(t, name) hm_temp_path_into((char[512]){0}, (t), (name))
const char *hm_temp_path_into(char out[static 512], const struct hm_temp *t,
                              const char *name);

/** Write a file of text below the directory, parents included. */
void hm_temp_write(const struct hm_temp *t, const char *name, const char *text);

/** Read a file below the directory whole. */
void hm_temp_read(const struct hm_temp *t, const char *name,
                  struct hm_buf *out);

/** Change one byte of a file: XOR with @p mask at @p offset. */
void hm_temp_flip(const struct hm_temp *t, const char *name, uint64_t offset,
                  uint8_t mask);

#endif /* HM_RUN_H */
