# power.mk - how the power-cut harness is built; included by the Makefile, built by `make test-build`.
POWER = $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/no_fsync.c,$(wildcard tests/power/*.c)) tests/crash/disk.c tests/crash/line.c)

$(B)/power: $(POWER) $(B)/libspoold.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^
# Not hardened and never sanitized: it is loaded into the programs of another build.
$(B)/no_fsync.so: tests/power/no_fsync.c
	@mkdir -p $(@D)
	@echo "LD $@"; $(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -shared -fPIC -o $@ $<
