/*
 * mail_cases_honest.h - messages as honest mailers and lists make them, with habits that are no attack.
 *
 * For test_av_ambiguous.c and test_mail_cases.c; how a row is written says mail_cases.h. All readers see the
 * same in them: they are clean, and not marked as ambiguous. What may be told of them (a part without its
 * end) is in `odd`.
 */
#ifndef TESTS_UNIT_MAIL_CASES_HONEST_H
#define TESTS_UNIT_MAIL_CASES_HONEST_H

#include "tests/unit/mail_cases_ambiguous.h"

#define QP   "Content-Transfer-Encoding: quoted-printable\n"
#define LIST "_______________________________________________\nlist mailing list\nhttps://example.org/list\n"
#define HTML TYPE("text/html; charset=\"utf-8\"") "\n<html><body><p>hello</p></body></html>\n"

static const struct mail_case mail_honest[] = {
    {"a plain text", TOP TYPE("text/plain; charset=us-ascii") "\nhello\n", 0, 0, 0},
    {"no MIME at all", "From: a@example.org\nSubject: x\n\nhello\n\n--\nthe undersigned\n", 0, 0, 0},
    {"text and HTML",
     HEAD("multipart/alternative; boundary=\"=_one\"") "--=_one\n" HELLO "--=_one\n" HTML "--=_one--\n", 0, 0,
     0},
    {"text and an attachment", ONE(PART), 0, 0, 0},
    {"an archive attached", ONE(TYPE("application/zip; name=\"a.zip\"") BASE64 "\n{zip}\n"), 0, 0, 0},
    {"the last delimiter is missing", MIXED "--one\n" HELLO "--one\n" PART, O(UNTERMINATED), 0, 0},
    {"a sentence for old readers before the first delimiter",
     MIXED "This is a multi-part message in MIME format.\n\n--one\n" HELLO "--one--\n", O(AROUND), 0, 0},
    {"a virus scanner's sentence behind the last delimiter",
     MIXED "--one\n" HELLO "--one--\n\nChecked by a scanner at example.org.\n", O(AROUND), 0, 0},
    {"a list's words behind the last delimiter", MIXED "--one\n" HELLO "--one--\n\n" LIST, O(AROUND), 0, 0},
    {"a list's words behind a text", TOP TYPE("text/plain") "\nhello\n" LIST, 0, 0, 0},
    {"blanks at the ends of lines in quoted-printable",
     TOP TYPE("text/plain") QP "\nhello \nthere\t\n-- \nthe undersigned\n", 0, 0, 0},
    {"soft line breaks", TOP TYPE("text/plain; charset=utf-8") QP "\nh=C3=A9llo =\nthere, a=3Db=\n\n", 0, 0,
     0},
    {"8-bit text", TOP TYPE("text/plain; charset=iso-8859-1") "Content-Transfer-Encoding: 8bit\n\nh\xe9llo\n",
     0, 0, 0},
    {"base64 text with an empty line behind it", TOP TYPE("text/plain; charset=utf-8") BASE64 "\n{64}\n\n", 0,
     0, 0},
    {"lines of 72 characters of base64", ONE(DATA BASE64 "\n{64/72/\n}\n"), 0, 0, 0},
    {"blanks at the ends of lines of base64", ONE(DATA BASE64 "\n{64/76/ \n}\n"), 0, 0, 0},
    {"a boundary with equals signs and dots",
     HEAD("multipart/mixed;\n boundary=\"----=_NextPart_000_0001_01D5C0.12345678\"") "------=_NextPart_000_"
                                                                                     "0001_01D5C0."
                                                                                     "12345678\n" HELLO
                                                                                     "------=_NextPart_000_"
                                                                                     "0001_01D5C0.12345678--"
                                                                                     "\n",
     0, 0, 0},
    {"an inner boundary that begins like the outer one",
     HEAD("multipart/mixed; boundary=\"b1\"") "--b1\n" TYPE(
         "multipart/alternative; boundary=\"b1_2\"") "\n--b1_2\n" HELLO "--b1_2\n" HTML
                                                     "--b1_2--\n\n--b1--\n",
     0, 0, 0},
    {"a forwarded message", ONE(TYPE("message/rfc822") "\n" TOP HELLO), 0, 0, 0},
    {"a bounce",
     HEAD("multipart/report; report-type=delivery-status; boundary=one") "--one\n" HELLO "--one\n" TYPE(
         "message/delivery-status") "\nReporting-MTA: dns; example.org\n\n"
                                    "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: "
                                    "5.1.1\n\n--one\n" TYPE(
                                        "text/rfc822-headers") "\nSubject: x\n\n--one--\n",
     0, 0, 0},
    {"a digest of two",
     HEAD("multipart/digest; boundary=one") "--one\n\n" TOP "\nhello\n--one\n\n" TOP "\nthere\n--one--\n", 0,
     0, 0},
    {"a signature of two dashes, and other lines that begin with dashes",
     MIXED "--one\n" TYPE("text/plain") "\n--\n-- \n----- Original Message -----\n--------\n--one--\n", 0, 0,
     0},
    {"a name in pieces of RFC 2231",
     ONE(DATA BASE64
         "Content-Disposition: attachment; filename*0*=utf-8''a%C3%A9; filename*1=\"b.bin\"\n\n{64}\n"),
     0, 0, 0},
    {"a name as an encoded word",
     ONE(TYPE("application/octet-stream; name=\"=?utf-8?Q?a=C3=A9.bin?=\"") BASE64 "\n{64}\n"), 0, 0, 0},
    {"comments where the grammar allows them",
     HEAD("text/plain (any); charset=us-ascii (Plain text)") "hello\n", 0, 0, 0},
    {"all lines end with LF", "{LF}" ONE(PART), 0, 0, 0},
    {"an mbox line before the first field", "From a@example.org Wed Jan  1 00:00:00 2020\n" ONE(HELLO), 0, 0,
     0},
    {"a text that begins with the word begin", TOP "\nbegin 2020 with us\nbegin 100 times\nand end\n", 0, 0,
     0},
    {"a text that cites a mail",
     TOP TYPE("text/plain") "\n> Content-Type: multipart/mixed\n> --one\n> hello\n", 0, 0, 0},
    {"an HTML part with CR alone in its text", ONE(TYPE("text/html") "\n<p>hello" CR "there</p>\n"), 0, 0, 0},
    {"an empty body", TOP TYPE("text/plain") "\n", 0, 0, 0},
    {"a part without a header", ONE("\nhello\n"), 0, 0, 0},
    {"an empty part", MIXED "--one\n\n--one\n" HELLO "--one--\n", 0, 0, 0},
    {"7bit of a multipart",
     TOP TYPE("multipart/mixed; boundary=one") "Content-Transfer-Encoding: 7bit\n\n--one\n" HELLO "--one--\n",
     0, 0, 0},
};
#define MAIL_HONEST (sizeof mail_honest / sizeof *mail_honest)

#endif
