/* The firmware of tests: says what it is and exits as etc/status tells it; 98
 * runs for ever, 99 kills itself. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    FILE *f = fopen("etc/status", "r");
    int status = 97;

    if (f != NULL) {
        if (fscanf(f, "%d", &status) != 1)
            status = 96;
        (void)fclose(f);
    }
    (void)printf("firmware starts, root is %s\n",
                 access("/etc/status", F_OK) == 0 ? "its own" : "not its own");
    (void)fflush(stdout);
    while (status == 98)
        (void)pause();
    if (status == 99)
        (void)raise(SIGKILL);
    return status;
}
