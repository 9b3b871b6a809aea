/* To be loaded before the C library: a world in which directories list in
 * another order, or a file changes from one program to the next.
 *
 * HM_READDIR=N      directories list reversed (0), or shuffled by seed N
 * HM_FICKLE=FILE    FILE grows by a byte whenever a program starts in the time
 *                   zone that HM_FICKLE_ZONE names */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_MAX 512

/* One directory at a time is read. */
static struct {
    DIR *dir;
    struct dirent64 entry[ENTRIES_MAX];
    size_t n;
    size_t next;
} listed;

static struct dirent64 *read_really(DIR *dir)
{
    static struct dirent64 *(*real)(DIR *);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "readdir64");
    return real(dir);
}

static void swap(size_t a, size_t b)
{
    const struct dirent64 kept = listed.entry[a];

    listed.entry[a] = listed.entry[b];
    listed.entry[b] = kept;
}

static void reorder(unsigned long seed)
{
    if (seed == 0)
        for (size_t i = 0; 2 * i + 1 < listed.n; i++)
            swap(i, listed.n - 1 - i);
    for (size_t i = listed.n; seed != 0 && i > 1; i--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        swap(i - 1, (seed >> 33) % i);
    }
}

struct dirent64 *readdir64(DIR *dir)
{
    const char *how = getenv("HM_READDIR");
    const struct dirent64 *entry = NULL;

    if (how == NULL)
        return read_really(dir);
    if (listed.dir != dir) {
        listed.dir = dir;
        listed.n = listed.next = 0;
        while ((entry = read_really(dir)) != NULL) {
            if (listed.n == ENTRIES_MAX)
                abort();
            listed.entry[listed.n++] = *entry;
        }
        reorder(strtoul(how, NULL, 10));
    }
    return listed.next < listed.n ? &listed.entry[listed.next++] : NULL;
}

/* For programs of others, whose offsets have 64 bits without asking. */
_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64),
               "one form of entry");

struct dirent *readdir(DIR *dir)
{
    return (struct dirent *)readdir64(dir);
}

int closedir(DIR *dir)
{
    static int (*real)(DIR *);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "closedir");
    if (listed.dir == dir)
        listed.dir = NULL;
    return real(dir);
}

__attribute__((constructor)) static void grow(void)
{
    const char *file = getenv("HM_FICKLE");
    const char *zone = getenv("HM_FICKLE_ZONE");
    const char *here = getenv("TZ");
    int fd;

    if (file == NULL || zone == NULL || here == NULL || strcmp(zone, here) != 0)
        return;
    fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0)
        abort();
}
