# crash.mk - the programs that kill at an exact system call; included by the Makefile.
CRASH = $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/crash/*.c))
$(B)/kill_at: $(B)/obj/tests/killat/kill_at.o $(filter-out %/sweep.o,$(CRASH)) $(B)/libspoold.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(B)/sweep: $(CRASH) $(B)/libspoold.a
	@echo "LD $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
