/** @file
 * A vendor with a repository, and devices that live from it: releases with a
 * firmware that really starts.
 */
#ifndef DEVICE_STORY_H
#define DEVICE_STORY_H

#include "hm_run.h"
#include "release_maker.h"

#define STORY_NOW      "2026-05-13T08:00:00Z"
#define STORY_NOW_TIME (MAKER_TIME + MAKER_DAY)

struct device_story {
    struct maker keys; /**< root set: root-1 alone */
    struct hm_temp t;  /**< root.json, repository/ */
};

void story_begin(struct device_story *s);
void story_clear(struct device_story *s);

/** Publish a version: sequence, epoch, counter and the rest as @p plan says.
 *
 * @param firmware  what it does: it exits with this status
 */
void story_publish(struct device_story *s, const struct maker_plan *plan,
                   int firmware);

/** The two releases of most tests: 1.0.0 (sequence 1, counter 1, for every
 * version) and 1.0.1 (sequence 2, counter 2, for 1.0.0). */
void story_publish_100(struct device_story *s);
void story_publish_101(struct device_story *s, int firmware);

/** A path below the folder of the story, good until the block ends. */
#define story_path(s, name) hm_temp_path(&(s)->t, name)

/** Replace a file below the folder by @p from below the folder. */
void story_copy(struct device_story *s, const char *from, const char *to);

#endif /* DEVICE_STORY_H */
