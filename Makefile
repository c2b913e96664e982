# spoold - one Makefile. Sources are found by wildcard: adding a file edits nothing here.
#   all deps run check check-long asan fuzz lint bench install uninstall clean
CC      ?= gcc
PREFIX  ?= /usr/local
LIBEXEC ?= $(PREFIX)/libexec/spoold
SYSCONF ?= /etc/spoold
B       ?= build
OPT     ?= -O2 -g
DEFS    ?=
SAN     ?=

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror
HARD = -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
FORT = $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
CFLAGS_ALL  = -std=gnu17 -D_GNU_SOURCE $(OPT) $(WARN) $(HARD) $(FORT) $(SAN) $(DEFS) -I. -pthread -MMD -MP \
              -DSPOOLD_CONFIG='"$(SYSCONF)/spoold.ini"' -DSPOOLD_LIBEXEC='"$(LIBEXEC)"' $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(SAN) -pthread $(LDFLAGS)
LIBS        = -Wl,--as-needed -liniparser -ldb-5.3 -lmd $(shell pkg-config --libs zlib jansson libpcre2-8 libidn2 2>/dev/null)
LIBS_WORKER = -Wl,--as-needed -lspf2 $(shell pkg-config --libs libseccomp libssl libcrypto libxml-2.0 opendkim libpsl libidn2 libcares libpcre2-8 2>/dev/null)

MAINS = spoold/main.c tools/spooldrop.c tools/spoolctl.c
SRC   = $(filter-out $(MAINS),$(wildcard common/*.c spoold/*.c tools/*.c))
OBJ   = $(SRC:%.c=$(B)/obj/%.o)
# workers/role_NAME.c is worker-NAME, with everything else below workers/.
ROLES = $(patsubst workers/role_%.c,%,$(wildcard workers/role_*.c))
WOBJ  = $(patsubst %.c,$(B)/obj/%.o,$(filter-out workers/main.c workers/role_%.c,$(wildcard workers/*.c workers/antispam/*.c workers/deliver/*.c workers/dns/*.c workers/mail/*.c)))
# Not in the library: its guard stands in for functions of libc, in worker-av and the tests of it only.
AVOBJ = $(patsubst %.c,$(B)/obj/%.o,$(wildcard workers/av/*.c))
LIBS_AV = -lclamav
COBJ  = $(patsubst %.c,$(B)/obj/%.o,$(wildcard common/*.c))
LOBJ  = $(patsubst %.c,$(B)/obj/%.o,$(filter-out launcher/main.c,$(wildcard launcher/*.c)))
BIN   = $(B)/spoold $(B)/spooldrop $(B)/spoolctl $(B)/spoold-launcher $(ROLES:%=$(B)/worker-%)
# What only tests start: a worker that lies, and the escape attempts outside a worker.
ODD   = $(B)/hostile/worker-rewrite $(B)/escape
INLINE = $(B)/obj/tests/inline/rewrite.o $(B)/obj/tests/inline/ask.o
UNIT  = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ  = $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all deps build run check check-built check-long asan fuzz lint bench install uninstall clean test-build unit
.SECONDARY:
all: deps
	@$(MAKE) --no-print-directory build
deps:
	@sh tools/deps.sh $(DEPS)
build: $(BIN) $(B)/spoold.ini.5

# Paths that are compiled in: a change of them builds these files anew.
PATHS := $(SYSCONF) $(LIBEXEC)
$(shell mkdir -p $(B) && { echo '$(PATHS)' | cmp -s - $(B)/paths || echo '$(PATHS)' >$(B)/paths; })
$(B)/obj/spoold/main.o $(B)/obj/spoold/launch.o $(B)/obj/tools/spoolctl.o $(B)/obj/tools/spooldrop.o: $(B)/paths

$(B)/spoold: $(B)/obj/spoold/main.o $(if $(findstring SPOOLD_TEST,$(DEFS)),$(INLINE)) $(B)/libspoold.a $(if $(findstring SPOOLD_TEST,$(DEFS)),$(B)/libworkers.a)
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(if $(findstring SPOOLD_TEST,$(DEFS)),$(LIBS_WORKER))
$(B)/spooldrop $(B)/spoolctl: $(B)/%: $(B)/obj/tools/%.o $(B)/libspoold.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(B)/spoold-launcher: $(B)/obj/launcher/main.o $(LOBJ) $(B)/libcommon.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^
$(B)/worker-av: $(B)/obj/workers/main.o $(B)/obj/workers/role_av.o $(AVOBJ) $(B)/libworkers.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_AV) $(LIBS_WORKER)
$(B)/worker-%: $(B)/obj/workers/main.o $(B)/obj/workers/role_%.o $(B)/libworkers.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_WORKER)
$(B)/hostile/worker-rewrite: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/hostile/*.c)) $(B)/libcommon.a
	@mkdir -p $(@D)
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^
$(B)/escape: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/escape/*.c)) $(B)/libworkers.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_WORKER)
$(B)/libcommon.a: $(COBJ)
	@rm -f $@ && $(AR) rcs $@ $^
$(B)/libspoold.a: $(OBJ)
	@rm -f $@ && $(AR) rcs $@ $^
$(B)/libworkers.a: $(WOBJ) $(COBJ)
	@rm -f $@ && $(AR) rcs $@ $^
$(B)/obj/common/%.o: WCONV = -Wconversion
$(B)/obj/workers/%.o: WCONV = -Wconversion $(shell pkg-config --cflags libxml-2.0 opendkim libpsl libcares 2>/dev/null)
$(B)/obj/launcher/%.o: WCONV = -Wconversion
$(B)/obj/tests/unit/%.o: OPT = -O1 -g1
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "CC $<"; $(CC) $(CFLAGS_ALL) $(WCONV) -c -o $@ $<
$(B)/unit/test_av_%: $(B)/obj/tests/unit/test_av_%.o $(AVOBJ) $(B)/obj/workers/role_av.o $(B)/libspoold.a $(B)/libworkers.a
	@mkdir -p $(@D)
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(LIBS_AV) $(LIBS_WORKER) -lcmocka
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(INLINE) $(LOBJ) $(B)/libspoold.a $(B)/libworkers.a
	@mkdir -p $(@D)
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(LIBS_WORKER) -lcmocka
$(B)/fuzz/fuzz_av_zip: $(B)/obj/workers/av/av_zip.o
$(B)/fuzz/fuzz_av_tar: $(B)/obj/workers/av/av_tar.o
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(FUZZ_MAIN) $(B)/libspoold.a $(B)/libworkers.a
	@mkdir -p $(@D)
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) $(FUZZ_LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(LIBS_WORKER)
$(B)/spoold.ini.5: man/spoold.ini.5.in $(B)/spoold
	@$(B)/spoold --print-man >$@.options && sed -e '/@OPTIONS@/{r $@.options' -e 'd}' $< >$@

# The job itself, in the foreground on ./spool.
run: all
	@sh tools/run.sh $(B)

unit: $(UNIT) $(ODD)
test-build:
	@$(MAKE) --no-print-directory B=build/test DEFS=-DSPOOLD_TEST build build/test/sweep build/test/kill_at build/test/power build/test/no_fsync.so build/test/hostile/worker-rewrite
check:
	@$(MAKE) --no-print-directory deps DEPS=check
	@$(MAKE) --no-print-directory -j2 build unit test-build $(B)/mail_parts
	@bash tests/run.sh $(B) short
check-long:
	@$(MAKE) --no-print-directory deps DEPS=check
	@$(MAKE) --no-print-directory -j2 build unit test-build $(B)/mail_parts
	@bash tests/run.sh $(B) long
asan:
	@$(MAKE) --no-print-directory deps DEPS=check
	@$(MAKE) --no-print-directory -j2 B=build/asan OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' \
		CFLAGS=-Wno-error build unit
	@bash tests/run.sh build/asan unit
fuzz:
	@$(MAKE) --no-print-directory deps DEPS=fuzz
	@$(MAKE) --no-print-directory -j2 B=build/fuzz CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined,fuzzer-no-link' \
		FUZZ_LINK=-fsanitize=fuzzer fuzz-build
	@bash tests/fuzz/run.sh build/fuzz $(or $(SECONDS),20)
fuzz-build: $(FUZZ)
lint:
	@bash tests/lint.sh
EXTRA = etc/spoold.service:lib/systemd/system/spoold.service etc/spoold.sysusers:lib/sysusers.d/spoold.conf \
	etc/spoold.tmpfiles:lib/tmpfiles.d/spoold.conf tools/spoolctl.bash-completion:share/bash-completion/completions/spoolctl
install: all
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin $(B)/spoold $(B)/spoolctl
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(B)/spooldrop
	install -D -m 755 -t $(DESTDIR)$(LIBEXEC) $(B)/spoold-launcher $(ROLES:%=$(B)/worker-%)
	install -d $(DESTDIR)$(SYSCONF)/lists; [ -e $(DESTDIR)$(SYSCONF)/spoold.ini ] || install -m 644 etc/spoold.ini $(DESTDIR)$(SYSCONF)/spoold.ini
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 spoold/spoold.8 tools/spoolctl.8 launcher/spoold-launcher.8 $(ROLES:%=workers/worker-%.8)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 tools/spooldrop.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(B)/spoold.ini.5
	for f in $(EXTRA); do install -D -m 644 $${f%%:*} $(DESTDIR)$(PREFIX)/$${f#*:} || exit 1; done
	sed -i 's|/usr/local/|$(PREFIX)/|' $(DESTDIR)$(PREFIX)/lib/systemd/system/spoold.service
uninstall:
	rm -f $(addprefix $(DESTDIR)$(LIBEXEC)/,spoold-launcher $(ROLES:%=worker-%)) $(foreach f,$(EXTRA),$(DESTDIR)$(PREFIX)/$(lastword $(subst :, ,$f)))
	rmdir $(DESTDIR)$(LIBEXEC) || true
	rm -f $(DESTDIR)$(PREFIX)/sbin/spoold $(DESTDIR)$(PREFIX)/sbin/spoolctl $(DESTDIR)$(PREFIX)/bin/spooldrop \
		$(addprefix $(DESTDIR)$(PREFIX)/share/man/,man8/spoold-launcher.8 $(ROLES:%=man8/worker-%.8) man8/spoold.8 man8/spoolctl.8 man1/spooldrop.1 man5/spoold.ini.5)
clean:
	rm -rf build

-include tests/crash/crash.mk tests/power/power.mk tests/bench/bench.mk $(shell [ -d $(B) ] && find $(B) -name '*.d')
