# bench.mk - make bench, and programs that read mail by our parser and, where its library is installed, by GMime.
# Included by the Makefile; the readers are used by tests/bench/mail.py and tests/interop/mail_compare.py.
GMIME := $(shell pkg-config --exists gmime-3.0 2>/dev/null && echo yes)
.PHONY: mail-readers
mail-readers: $(B)/mail_parts $(B)/bench_mail $(if $(GMIME),$(B)/mail_parts_gmime $(B)/bench_mail_gmime)
$(B)/obj/tests/interop/mail_reader_gmime.o: WCONV = $(subst -I/,-isystem /,$(shell pkg-config --cflags gmime-3.0 2>/dev/null))
$(B)/mail_parts: $(B)/obj/tests/interop/mail_parts.o
$(B)/bench_mail: $(B)/obj/tests/bench/mail.o
$(B)/mail_parts $(B)/bench_mail: $(B)/obj/tests/interop/mail_reader_ours.o $(B)/libspoold.a $(B)/libworkers.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(LIBS_WORKER)
$(B)/mail_parts_gmime: $(B)/obj/tests/interop/mail_parts.o
$(B)/bench_mail_gmime: $(B)/obj/tests/bench/mail.o
$(B)/mail_parts_gmime $(B)/bench_mail_gmime: $(B)/obj/tests/interop/mail_reader_gmime.o $(B)/libspoold.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(LIBS_WORKER) $(shell pkg-config --libs gmime-3.0 2>/dev/null)
$(B)/feed: $(B)/obj/tests/bench/feed.o
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^
bench:
	@$(MAKE) --no-print-directory deps DEPS=bench
	@$(MAKE) --no-print-directory build $(B)/feed mail-readers
	@bash tests/bench/run.sh $(B)
	@python3 tests/bench/av.py $(B)
	@python3 tests/bench/mail.py $(B)
	@python3 tests/bench/antispam.py $(B)
	@python3 tests/bench/whole.py $(B)
	@python3 tests/bench/pipeline.py $(B)
	@python3 tests/bench/whatif.py $(B)
