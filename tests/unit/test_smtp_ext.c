/*
 * test_smtp_ext.c - unit tests of workers/deliver/smtp_ext.c: what a server's answer to EHLO offers.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_ext.h"

static const struct {
    const char *behaviour, *text;
    uint32_t flags;
    uint64_t size;
} cases[] = {
    {"nothing", "mx.example.org", 0, 0},
    {"the greeting is no offer", "SIZE 1000", 0, 0},
    {"all of them",
     "x\nPIPELINING\nSIZE 1000\nSTARTTLS\nAUTH PLAIN LOGIN\n8BITMIME\nDSN\nSMTPUTF8\nENHANCEDSTATUSCODES",
     0x1ff, 1000},
    {"in any case", "x\npipelining\nsize 10", SMTP_EXT_PIPELINING | SMTP_EXT_SIZE, 10},
    {"SIZE without a number", "x\nSIZE", SMTP_EXT_SIZE, 0},
    {"SIZE 0", "x\nSIZE 0", SMTP_EXT_SIZE, 0},
    {"SIZE with what is no number", "x\nSIZE 10x", SMTP_EXT_SIZE, 0},
    {"SIZE beyond all numbers", "x\nSIZE 99999999999999999999999", SMTP_EXT_SIZE, 0},
    {"a large SIZE", "x\nSIZE 1844674407370955160", SMTP_EXT_SIZE, 1844674407370955160},
    {"AUTH with other mechanisms", "x\nAUTH CRAM-MD5 GSSAPI", 0, 0},
    {"AUTH with LOGIN among others", "x\nAUTH CRAM-MD5 LOGIN GSSAPI", SMTP_EXT_AUTH_LOGIN, 0},
    {"AUTH= of old servers", "x\nAUTH=PLAIN", SMTP_EXT_AUTH_PLAIN, 0},
    {"a longer word is another one", "x\nSTARTTLSX\nXDSN\nAUTH PLAINTEXT", 0, 0},
    {"blanks at the end", "x\nDSN  \nSIZE  20 ", SMTP_EXT_DSN | SMTP_EXT_SIZE, 20},
    {"empty lines", "x\n\n\nDSN\n", SMTP_EXT_DSN, 0},
    {"nothing at all", "", 0, 0},
};

static void offers_are_read_by_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_ext e = {0xffffffff, 77};

        smtp_ext_parse(view_of(cases[i].text), &e);
        if (e.flags != cases[i].flags || e.size != cases[i].size)
            fail_msg("%s: %x, %ju", cases[i].behaviour, e.flags, (uintmax_t)e.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(offers_are_read_by_the_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
