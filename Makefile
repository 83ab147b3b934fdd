# SPDX-License-Identifier: Apache-2.0
# Everything by one name.  Meson does the work; scripts/bootstrap brings what it needs, and does nothing where all is there.
# make CC=clang ... builds with another compiler, in a folder of its own.
ifeq ($(origin CC),default)
BUILD ?= build
else
BUILD ?= build-$(notdir $(firstword $(CC)))
export CC
endif
PREFIX ?= /usr/local
ARGS ?=

.PHONY: all run test lint sizes bench weights lexicon fuzz install clean help

all:                ## build the program and its unit tests
	@scripts/build $(BUILD)

run: all            ## build, then start the gateway (ARGS="..." is passed on)
	@$(BUILD)/clawdbot gateway $(ARGS)

test:               ## everything that can be tested here; the last line counts
	@scripts/bootstrap build test
	@tools/run-tests

lint:               ## layers, banned calls, format, shell scripts, documentation
	@scripts/bootstrap build lint
	@tools/lint

sizes:              ## how long files and functions are, a folder
	@tools/sizes

bench: all          ## the numbers, each beside its bound
	@bench/run $(BUILD)

weights:            ## train the command engine's classifier on data/intents: data/nlu/weights.bin, in minutes
	@scripts/build $(BUILD)
	@$(BUILD)/src/nlu/train/clawdbot-train weights data/intents $(BUILD)/weights.bin
	@cp $(BUILD)/weights.bin data/nlu/weights.bin

lexicon:            ## the Chinese words that the command engine knows, from Debian's python3-jieba: data/nlu/lexicon.bin
	@scripts/bootstrap lexicon
	@tools/lexicon /usr/lib/python3/dist-packages/jieba/dict.txt data/nlu/lexicon.bin

fuzz:               ## every fuzz target for FUZZ_SECONDS (60) each
	@scripts/bootstrap build test
	@tools/fuzz

install: all        ## into PREFIX (/usr/local), below DESTDIR
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD) --strip

clean:              ## remove what was built
	@rm -rf build build-*

help:               ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18
