# promptnoise: every target sets up what it needs. `make help` lists targets and variables.

VENV ?= .venv
PYTHON ?= python3
INSTALLER ?= uv
.DEFAULT_GOAL := help

# These name programs and folders as they are, whatever is in them: the shell gets them through the environment.
home = $(if $(filter ~/%,$(firstword $(1))),$(HOME)$(patsubst ~%,%,$(1)),$(1))
override VENV := $(call home,$(value VENV))
override PYTHON := $(call home,$(value PYTHON))
override INSTALLER := $(value INSTALLER)
override RUN := $(if $(VENV),$(VENV)/bin/python,$(PYTHON))
export VENV PYTHON INSTALLER RUN

# A variable that is set becomes an option: NOISE_TYPE=asymmetric is --noise_type=asymmetric. Values reach the shell
# through the environment, as they are: neither make nor the shell looks for anything in them.
VARIABLES := SUITE AGAIN METHODS DATASETS NOISE NOISE_TYPE PARADIGM SEEDS SHOTS RECIPE EPOCHS BACKBONE DEVICES ENGINE DETACH PRECISION DATA OUT CACHE WANDB WANDB_PROJECT WANDB_ENTITY WANDB_GROUP WANDB_TAGS TRACK PACK TIMEOUT SKIP_BAD_IMAGES FEWER_SHOTS SAVE_PREDICTIONS DRY_RUN
OF_PAPER := PAPER QUICK
SWITCHES := DETACH SKIP_BAD_IMAGES FEWER_SHOTS SAVE_PREDICTIONS DRY_RUN QUICK
$(foreach name,$(VARIABLES) $(OF_PAPER),$(if $(value $(name)),$(eval override $(name) := $$(value $(name)))$(eval export $(name))))
lower = $(shell echo '$(1)' | tr A-Z a-z)
flag = $(if $($(1)),"--$(call lower,$(1))=$$$(1)")
switch = $(if $(filter 1 yes on,$($(1))),--$(call lower,$(1))=true,$(if $(filter 0 no off,$($(1))),--$(call lower,$(1))=false,$(call flag,$(1))))
flags = $(foreach name,$(1),$(if $(filter $(name),$(SWITCHES)),$(call switch,$(name)),$(call flag,$(name))))

# Variables that are nearly ours would be passed over in silence; of the environment's, only SEED for SEEDS and the like.
OURS := $(VARIABLES) $(OF_PAPER) VENV PYTHON INSTALLER
PLURALS := $(filter-out $(OURS),$(foreach name,$(VARIABLES) $(OF_PAPER),$(name)S $(patsubst %S,%,$(name))))
export GIVEN := $(foreach name,$(filter-out $(OURS),$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $(name)))),$(name))) \
  $(foreach name,$(PLURALS),$(if $(filter environment,$(firstword $(origin $(name)))),$(name)))

.PHONY: variables
variables:
ifneq ($(strip $(GIVEN)),)
	@"$$(command -v "$$RUN" || echo "$$PYTHON")" benchmark/plan/make_variables.py $(OURS)
endif

.PHONY: help bench paper report reference methods list sync speed gpu-check test test-slow test-clusters test-oldest test-newest faults publish-check mutants check format lock docs embedded

help:  ## this list
	@echo 'targets:'
	@sed -nE 's/^([a-z-]+):.*##  *(.*)/  \1|\2/p' Makefile | column -t -s '|'
	@echo 'variables of make bench, each an option of "python -m benchmark bench" (--help tells more):'
	@echo '  $(VARIABLES)'
	@echo 'set-up: VENV=folder (default .venv; VENV= or a folder that exists: your own environment), PYTHON=python3, INSTALLER=uv|pip'

bench: variables installed  ## train the grid, show the leaderboard; resumes after an interruption
	@"$$RUN" -m benchmark bench $(call flags,$(VARIABLES))

paper: variables installed  ## run a paper's own grid, PAPER=nlprompt [QUICK=1], and show ours beside theirs
	@"$$RUN" -m benchmark paper $(call flags,$(OF_PAPER) $(VARIABLES))

report: variables installed  ## tables, statistics, plots and report.html, from the records in OUT
	@"$$RUN" -m benchmark report $(call flags,OUT)

sync: variables installed  ## log finished runs to Weights & Biases
	@"$$RUN" -m benchmark sync $(call flags,OUT $(filter WANDB%,$(VARIABLES)))

reference: installed  ## train the default grid, make it the committed reference and the README's table
	@"$$RUN" -m benchmark bench --seeds=1,2,3,4,5
	@"$$RUN" -m benchmark readme --publish=results

VARIANTS := all,gce[q=0.5],gce[q=1],linear_probe[init=random],upl[loss=gce,select=random],upl[teachers=embedded-vit],tip_adapter[finetune=true]
LOSSES := $(foreach learner,linear_probe cls_tuning clip_adapter task_res,$(foreach loss,gce mae dspt,$(learner)[loss=$(loss)])) \
  $(foreach loss,gce mae dspt,tip_adapter[finetune=true,loss=$(loss)])
comma := ,
listed = $(subst $() ,$(comma),$(strip $(1)))
MODAL := $(foreach kind,fpl ifpl grip,$(foreach modality,visual multimodal,,$(kind)[modality=$(modality)]))
EVERY := "$$RUN" -m benchmark bench --out=results/methods

methods: installed  ## train every method under every paradigm, and renew results/reference/methods; about half an hour on two cores
	@$(EVERY) --methods='$(VARIANTS)' --noise_type=symmetric,asymmetric
	@$(EVERY) --methods='$(call listed,$(LOSSES))' --noise_type=symmetric,asymmetric
	@$(EVERY) --methods=zero_shot,coop,fpl,ifpl,grip,cpl --noise=0 --paradigm=ssl --shots=2
	@$(EVERY) --methods=zero_shot,coop,fpl,ifpl,grip,cpl --noise=0 --paradigm=trzsl
	@$(EVERY) --methods='$(subst $() ,,zero_shot,coop,gce,dspt,em_means,linear_probe,cocoop,maple,promptsrc,clip_lora,vpt,upt,vpt[loss=dspt],upt[loss=dspt]$(MODAL))' --noise=0,0.5 --backbone=embedded-vit --datasets=digits
	@"$$RUN" -m benchmark readme --publish=results/methods --pictures=false $(DOCS)
	@cp results/methods/plots/losses-symmetric-embedded-16shots-embedded-fewshot.png results/reference/methods/losses.png

DOCS := --reference=results/reference/methods --readme=results/reference/methods/means.md

speed: variables installed  ## the suite against a plain loop, timed in turns; writes results/speed.csv
	@"$$RUN" -m benchmark speed $(call flags,OUT DEVICES)

gpu-check: installed  ## the first six minutes on a GPU: every kind of work, with a page results/gpu/check.md to send
	@"$$RUN" -m benchmark doctor --deep=true $(call flags,OUT DATA CACHE BACKBONE)

list: variables installed  ## methods, data sets and kinds of noise, and what is ready
	@"$$RUN" -m benchmark list $(call flags,DATA)

test: developed  ## the test suite, under 5 minutes on two cores; TESTS='PATH -k NAME' runs a part
	"$$RUN" -m pytest -n auto --maxprocesses 8 --dist loadfile --durations=15 -m 'not slow' $(TESTS)

test-slow: developed  ## the tests that take minutes
	"$$RUN" -m pytest -m slow

test-clusters: developed  ## benches on a real Ray and a real Slurm of two nodes each, where they are installed
	"$$RUN" -m pytest -m clusters

# What touches other packages most, in an environment of its own: .venv-oldest, .venv-newest.
TOUCHY := tests/methods/test_contract.py tests/methods/core/test_module.py tests/datamodules tests/benchmark/audit \
  tests/benchmark/tracking tests/end_to_end/test_bench.py
define with_versions
	[ -x $(@:test-%=.venv-%)/bin/python ] || "$$RUN" -m uv venv --quiet --python "$$(command -v "$$RUN")" $(@:test-%=.venv-%)
	"$$RUN" -m uv pip install --quiet --python $(@:test-%=.venv-%)/bin/python $(1) -e '.[dev]'
	$(@:test-%=.venv-%)/bin/python -m pytest -n auto --maxprocesses 8 --dist loadfile -m 'not slow' $(TOUCHY)
endef

test-oldest: developed  ## a part of the tests with the oldest packages that pyproject.toml allows, in .venv-oldest
	$(call with_versions,--resolution=lowest-direct)

test-newest: developed  ## the same with the newest packages there are, in .venv-newest
	$(call with_versions,--upgrade)

publish-check: developed  ## validate with mlcroissant, which it installs, what report --for=hub writes
	"$$RUN" -m uv pip install --quiet --python "$$RUN" mlcroissant
	"$$RUN" -m pytest tests/benchmark/publish

faults: developed  ## inject failures into all commands that write, and count those that recover; a quarter of an hour
	"$$RUN" -m tests.support.faults

mutants: developed  ## change the code in thousands of small ways, and count what the tests notice; hours
	"$$RUN" -m tests.support.mutants

check: developed  ## what CI runs: format, lint, types, arrows between packages, tests
	"$$RUN" -m ruff format --check .
	"$$RUN" -m ruff check .
	"$$RUN" -m mypy
	"$$RUN" -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	"$$RUN" -m benchmark readme --check
	"$$RUN" -m benchmark readme --check $(DOCS)
	"$$RUN" -m benchmark readme --check --reference=results/reference/real --readme=docs/real_features.md
	"$$RUN" -m pytest -n auto --maxprocesses 8 --dist loadfile --durations=15 -m 'not slow' $(TESTS)

format: developed  ## put the code into shape
	"$$RUN" -m ruff format .
	"$$RUN" -m ruff check --fix .

docs: developed  ## the site of docs/, in build/site; needs no network
	NO_MKDOCS_2_WARNING=1 "$$RUN" -m mkdocs build --strict
	@echo 'to read it: python3 -m http.server --directory build/site'

embedded: variables installed  ## retrain the embedded CLIP and its ViT sibling from a seed, about half an hour
	"$$RUN" -m benchmark.pretrain $(call flags,OUT)

.PHONY: wheel
wheel: developed  ## wheel and source archive, in build/dist, as an index takes them
	rm -rf build/dist
	"$$RUN" -m uv build --quiet --no-build-isolation --python="$$RUN" --out-dir=build/dist .
	"$$RUN" -m twine check --strict build/dist/*.whl build/dist/*.tar.gz

# An environment of your own is used as it is: VENV= (the python on the path), or VENV=folder that we did not make.
# uv takes versions and hashes from constraints.txt for what is asked for; pip cannot do that for a part, and takes all.
own = [ -z "$$VENV" ] || { [ "$$VENV" != .venv ] && [ -x "$$RUN" ] && [ ! -e "$$VENV/.installed" ]; }
current = { [ -e "$$VENV/$(1)" ] && [ -z "$$(find pyproject.toml constraints.txt -newer "$$VENV/$(1)")" ]; }
with_uv = VIRTUAL_ENV="$$(cd "$$VENV" && pwd)" "$$VENV/bin/uv" pip install --no-build-isolation -c constraints.txt $(1)

.PHONY: installed developed
installed:
	@$(own) || $(call current,.installed) || { set -e; echo "setting up $$VENV: about 6 GB, 4 of them of CUDA, a minute or more" >&2; \
	set -x; "$$PYTHON" -m venv "$$VENV"; \
	if [ "$$INSTALLER" = uv ]; then \
	  sed -nE '/^(setuptools|uv)==/,/[^\\]$$/p' constraints.txt | "$$RUN" -m pip install --quiet --require-hashes -r /dev/stdin; \
	  $(call with_uv,-e .); \
	else \
	  "$$RUN" -m pip install --require-hashes -r constraints.txt; \
	  "$$RUN" -m pip install --quiet --no-deps --no-build-isolation -e .; \
	  touch "$$VENV/.developed"; \
	fi; touch "$$VENV/.installed"; }

developed: installed
	@$(own) || $(call current,.developed) || { set -ex; [ "$$INSTALLER" != uv ] || $(call with_uv,--compile-bytecode -e '.[dev]'); touch "$$VENV/.developed"; }

lock: developed  ## write constraints.txt anew: what pyproject.toml asks for on every platform, with hashes
	"$$RUN" -m uv pip compile --quiet --universal --python-version=3.11.5 --extra=dev --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url -o constraints.txt pyproject.toml
