/*
 * oddity.c - see oddity.h. One table.
 *
 * Linked into supervisor, tools and workers. A new row stands at the end of its
 * group here and in the enum; names are part of records and stay as they are.
 */
#include "common/oddity.h"

static const struct {
    const char *name;
    enum oddity_grade grade;
    const char *text;
} rows[ODDITY__MAX] = {
    [ODDITY_NONE] = {"", ODDITY_TOLD, ""},
    [ODDITY_TYPES] = {"types", ODDITY_AMBIGUOUS, "several Content-Type fields"},
    [ODDITY_ENCODINGS] = {"encodings", ODDITY_AMBIGUOUS, "several Content-Transfer-Encoding fields"},
    [ODDITY_TYPE] = {"type", ODDITY_AMBIGUOUS, "a Content-Type that breaks its grammar"},
    [ODDITY_ENCODING] = {"encoding", ODDITY_AMBIGUOUS,
                         "a Content-Transfer-Encoding that can be taken for several"},
    [ODDITY_BOUNDARIES] = {"boundaries", ODDITY_AMBIGUOUS, "a boundary that can be taken for several"},
    [ODDITY_NO_BOUNDARY] = {"no-boundary", ODDITY_AMBIGUOUS, "a multipart without a boundary"},
    [ODDITY_DELIMITER] = {"delimiter", ODDITY_AMBIGUOUS, "a line begins like a delimiter and goes on"},
    [ODDITY_PREAMBLE] = {"preamble", ODDITY_AMBIGUOUS, "what looks like a part, before the first delimiter"},
    [ODDITY_EPILOGUE] = {"epilogue", ODDITY_AMBIGUOUS, "what looks like a part, behind the last delimiter"},
    [ODDITY_NO_DELIMITER] = {"no-delimiter", ODDITY_AMBIGUOUS,
                             "a multipart in which its boundary does not occur"},
    [ODDITY_NO_BLANK_LINE] = {"no-blank-line", ODDITY_AMBIGUOUS,
                              "a line among the fields of a header that is none"},
    [ODDITY_BLANKS] = {"blanks", ODDITY_AMBIGUOUS, "a line of blanks among the fields of a header"},
    [ODDITY_FIELD_NAME] = {"field-name", ODDITY_AMBIGUOUS, "blanks before the colon of a MIME field"},
    [ODDITY_BARE_CR] = {"bare-cr", ODDITY_AMBIGUOUS, "CR alone, where it makes a difference"},
    [ODDITY_NUL] = {"nul", ODDITY_AMBIGUOUS, "NUL bytes, where they make a difference"},
    [ODDITY_BASE64] = {"base64", ODDITY_AMBIGUOUS, "padding or foreign bytes within base64"},
    [ODDITY_QP] = {"quoted-printable", ODDITY_AMBIGUOUS, "broken quoted-printable"},
    [ODDITY_PARTIAL] = {"partial", ODDITY_AMBIGUOUS, "message/partial: the rest is in other messages"},
    [ODDITY_CUT_OFF] = {"cut-off", ODDITY_AMBIGUOUS, "a file that ends where the message was cut off"},
    [ODDITY_EXTERNAL] = {"external-body", ODDITY_TOLD, "message/external-body: the content is elsewhere"},
    [ODDITY_UNTERMINATED] = {"unterminated", ODDITY_TOLD, "a multipart without its last delimiter"},
    [ODDITY_TRUNCATED] = {"truncated", ODDITY_TOLD, "base64 that ends within a group, or has text behind it"},
    [ODDITY_NO_BODY] = {"no-body", ODDITY_TOLD, "no empty line behind a header"},
    [ODDITY_AROUND] = {"around", ODDITY_TOLD, "text before the first or behind the last delimiter"},
    [ODDITY_INSIDE] = {"inside", ODDITY_TOLD, "a file that is written into text (uuencode, yEnc)"},
    [ODDITY_CR] = {"cr", ODDITY_TOLD, "CR without LF"},
    [ODDITY_ZERO] = {"zero", ODDITY_TOLD, "NUL bytes"},
    [ODDITY_DEPTH_MAX] = {"depth", ODDITY_LIMIT, "parts lie in each other deeper than is read"},
    [ODDITY_PARTS_MAX] = {"parts", ODDITY_LIMIT, "more parts than are read"},
    [ODDITY_FIELDS_MAX] = {"fields", ODDITY_LIMIT, "more fields in a header than are read"},
    [ODDITY_HEADER_MAX] = {"header", ODDITY_LIMIT, "a header that is longer than is read"},
    [ODDITY_LINE_MAX] = {"line", ODDITY_LIMIT, "a line that is longer than is read"},
    [ODDITY_PARAMS_MAX] = {"parameters", ODDITY_LIMIT, "more parameters in a field than are read"},
    [ODDITY_BOUNDARY_MAX] = {"boundary", ODDITY_LIMIT, "a boundary that is longer than is read"},
    [ODDITY_WAYS_MAX] = {"ways", ODDITY_LIMIT, "more ways to read it than are tried"},
    [ODDITY_WORK_MAX] = {"work", ODDITY_LIMIT, "too many boundaries to look for"},
    [ODDITY_INSIDE_MAX] = {"files-in-text", ODDITY_LIMIT, "more files written into text than are read"},
    [ODDITY_SIZE_MAX] = {"size", ODDITY_LIMIT, "more bytes in its parts than are read"},
};

const char *oddity_name(unsigned o)
{
    return o < ODDITY__MAX ? rows[o].name : "?";
}

const char *oddity_text(unsigned o)
{
    return o < ODDITY__MAX ? rows[o].text : "?";
}

enum oddity_grade oddity_grade(unsigned o)
{
    return o < ODDITY__MAX ? rows[o].grade : ODDITY_TOLD;
}

uint64_t oddity_of_grade(uint64_t set, enum oddity_grade grade)
{
    uint64_t of = 0;

    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++)
        if ((set & oddity_bit(o)) && rows[o].grade == grade)
            of |= oddity_bit(o);
    return of;
}

enum oddity oddity_first(uint64_t set)
{
    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++)
        if (set & oddity_bit(o))
            return o;
    return ODDITY_NONE;
}
