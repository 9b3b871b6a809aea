#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli_priv.h"

#define RESULT_MAX ((size_t)64 << 20)
#define INPUT_STEP 65536u

void hm_cli_say(const struct hm_cli *cli, const char *fmt, ...)
{
    FILE *to = cli->stdout_taken ? stderr : stdout;
    va_list ap;

    if (cli->json || cli->quiet)
        return;
    va_start(ap, fmt);
    (void)vfprintf(to, fmt, ap);
    va_end(ap);
    (void)fputc('\n', to);
}

void hm_cli_warn(const struct hm_cli *cli, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "%s: warning: ", cli->program);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

void hm_cli_result(struct hm_cli *cli, struct hm_json_writer *w, bool ok)
{
    hm_buf_clear(&cli->result);
    hm_json_begin(w, &cli->result, false);
    w->is_shown = true;
    hm_json_open_object(w, NULL);
    hm_json_put_uint(w, "schema_version", 1);
    hm_json_put_text(w, "program", cli->program);
    hm_json_put_bool(w, "ok", ok);
}

/* Standard output is checked: a full disk must not look like success. */
HM_MUST static hm_rc flush_stdout(struct hm_err *e)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        return hm_fail_errno(e, "cli.stdout.write",
                             "cannot write to standard output");
    return HM_OK;
}

bool hm_cli_is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

hm_rc hm_cli_output(const char *path, struct hm_bytes bytes, bool force,
                    struct hm_err *e)
{
    if (!hm_cli_is_stdout(path))
        return hm_file_save(path, bytes, force ? HM_OUT_REPLACE : HM_OUT_NEW,
                            e);
    HM_TRY(flush_stdout(e));
    return hm_file_write_all(STDOUT_FILENO, bytes, e);
}

hm_rc hm_cli_output_check(const char *path, bool force, struct hm_err *e)
{
    HM_OWN(hm_out) probe = HM_OUT_INIT;

    if (hm_cli_is_stdout(path))
        return HM_OK;
    return hm_out_begin(&probe, path, force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644,
                        e);
}

hm_rc hm_cli_input(const char *path, struct hm_buf *out, struct hm_err *e)
{
    struct hm_file in = {.fd = STDIN_FILENO}; /* borrowed, never closed */

    if (strcmp(path, "-") != 0)
        return hm_file_load(path, out, e);
    hm_buf_clear(out);
    return hm_context(e, hm_file_read_all(&in, out, e),
                      "cannot read standard input");
}

static void write_failure(struct hm_cli *cli, const struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, false);
    hm_json_put_text(&w, "reason", e->reason);
    hm_json_put_text(&w, "message", e->text);
    hm_json_put_optional(&w, "hint", e->hint);
    hm_json_close_object(&w);
    if (hm_json_finish(&w, NULL) != HM_OK)
        hm_buf_clear(&cli->result);
}

static void print_failure(const struct hm_cli *cli, const struct hm_err *e)
{
    (void)fprintf(stderr, "%s: %s [%s]\n", cli->program, e->text, e->reason);
    if (e->hint[0] != '\0')
        (void)fprintf(stderr, "%*s  next: %s\n", (int)strlen(cli->program), "",
                      e->hint);
}

/* Everything ends here: result, message, status. */
static int finish(struct hm_cli *cli, hm_rc rc, struct hm_err *e)
{
    if (rc != HM_OK)
        print_failure(cli, e);
    if (cli->json && rc != HM_OK && cli->result.n == 0)
        write_failure(cli, e);
    if (cli->json && cli->result.n > 0)
        (void)fwrite(cli->result.p, 1, cli->result.n, stdout);
    hm_buf_clear(&cli->result);
    if (flush_stdout(e) != HM_OK && rc == HM_OK) {
        rc = HM_E_IO;
        print_failure(cli, e);
    }
    return hm_rc_exit_status(rc);
}

/* What every command takes. */
struct common {
    bool help;
    bool version;
    struct hm_opt opts[5];
};

static void common_init(struct common *c, struct hm_cli *cli)
{
    const struct hm_opt opts[] = {
        {"json", 0, HM_OPT_FLAG, false, &cli->json, "",
         "print one JSON object instead of text"},
        {"quiet", 'q', HM_OPT_FLAG, false, &cli->quiet, "",
         "print no text and no progress"},
        {"help", 'h', HM_OPT_FLAG, false, &c->help, "", "show this text"},
        {"version", 0, HM_OPT_FLAG, false, &c->version, "",
         "show the versions of the program and its libraries"},
        HM_OPT_END,
    };

    memcpy(c->opts, opts, sizeof(opts));
}

/* A mistake may stand before the --json that was meant to tell of it. */
static bool asks(int argc, char *const argv[], const char *word)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

static int usage_failure(const struct hm_program *program,
                         const struct hm_command *command, struct hm_cli *cli,
                         struct hm_err *e)
{
    const int status = finish(cli, HM_E_USAGE, e);

    (void)fprintf(stderr, "Try '%s%s%s --help'.\n", program->name,
                  command == NULL || command->name == NULL ? "" : " ",
                  command == NULL || command->name == NULL ? ""
                                                           : command->name);
    return status;
}

static int print_version(const struct hm_program *program, struct hm_cli *cli)
{
    const struct hm_cli_library *l = program->libraries;
    struct hm_err e = {.rc = HM_OK};
    struct hm_json_writer w;

    if (!cli->json) {
        (void)printf("%s %s\n", program->name, HM_VERSION);
        for (; l->name != NULL; l++)
            (void)printf("%s %s\n", l->name, l->version());
        return finish(cli, HM_OK, &e);
    }
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "version", HM_VERSION);
    hm_json_open_object(&w, "libraries");
    for (; l->name != NULL; l++)
        hm_json_put_text(&w, l->name, l->version());
    hm_json_close_object(&w);
    hm_json_close_object(&w);
    return finish(cli, hm_json_finish(&w, &e), &e);
}

static int run_command(const struct hm_program *program, struct hm_cli *cli,
                       const struct common *common, struct cli_parse *p)
{
    const struct hm_command *command = p->tables.command;
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc = cli_parse_run(p, &e);

    if (common->help) {
        cli_usage(stdout, program, command, common->opts);
        return fflush(stdout) == 0 ? 0 : 3;
    }
    if (common->version)
        return print_version(program, cli);
    if (rc == HM_OK)
        rc = cli_parse_check(p, cli, &e);
    cli->json = cli->json || (rc != HM_OK && asks(p->argc, p->argv, "--json"));
    if (rc != HM_OK)
        return usage_failure(program, command, cli, &e);
    cli->argc = p->operands_n;
    cli->argv = p->operands;
    return finish(cli, command->run(cli, &e), &e);
}

static int print_help(const struct hm_program *program)
{
    if (program->help != NULL)
        program->help(stdout, program);
    else
        cli_usage(stdout, program, NULL, NULL);
    return fflush(stdout) == 0 ? 0 : 3;
}

/* A program with verbs, called without one that it knows. */
static int run_without_command(const struct hm_program *program,
                               struct hm_cli *cli, int argc, char *argv[],
                               int stray, struct hm_err *e)
{
    const bool has_word = e->rc == HM_E_USAGE && stray > 0;
    hm_rc rc = HM_E_USAGE;

    cli->json = asks(argc, argv, "--json");
    if (!has_word && (asks(argc, argv, "--help") || asks(argc, argv, "-h")))
        return print_help(program);
    if (!has_word && asks(argc, argv, "--version"))
        return print_version(program, cli);
    if (has_word && program->other != NULL)
        rc = program->other(argc, argv, stray, e);
    return rc == HM_E_USAGE ? usage_failure(program, NULL, cli, e)
                            : finish(cli, rc, e);
}

static int run_program(const struct hm_program *program, struct hm_cli *cli,
                       int argc, char *argv[], const char **operands)
{
    struct hm_err e = {.rc = HM_OK};
    struct common common = {.help = false};
    struct cli_parse p = {.argc = argc, .argv = argv, .operands = operands};
    struct cli_verb verb;

    common_init(&common, cli);
    if (cli_find_command(program, common.opts, argc, argv, &verb, &e) != HM_OK)
        return run_without_command(program, cli, argc, argv, verb.stray, &e);
    p.at = 1;
    p.verb = verb.at;
    p.tables = (struct cli_tables){program, verb.command, common.opts};
    return run_command(program, cli, &common, &p);
}

int hm_cli_main(const struct hm_program *program, int argc, char *argv[])
{
    struct hm_cli cli = {.program = program->name,
                         .result = HM_BUF_INIT(RESULT_MAX)};
    const char **operands = calloc((size_t)argc + 1, sizeof(*operands));
    int status = 3;

    /* A file size limit is a failed write with a message, not a death that
     * leaves a temporary behind. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (operands != NULL)
        status = run_program(program, &cli, argc, argv, operands);
    free(operands);
    return status;
}
