# make demo   one whole day of a practice office, on this machine, nothing else needed
# make test   every check and every test (as root it installs the Debian packages it needs)
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
APT := dovecot-imapd dovecot-lmtpd postfix poppler-utils libreoffice-writer-nogui softhsm2 xmlsec1 qpdf swaks mutt tesseract-ocr-vie
PEERS := isync getmail6 poppler-utils

.PHONY: demo test check bench attacks soak servers venv-possible
demo: $(VENV)/.demo
	$(BIN)/vanthu demo vanthu-demo

test: $(VENV)/.dev servers check
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev servers
	@sh tests/install-servers.sh $(PEERS)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/signing.py
	$(BIN)/python benchmarks/validation.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/register.py
	$(BIN)/python benchmarks/exchange.py

# Forgeries of our own making before three judges: make attacks OPTIONS="--write FOLDER" keeps them as files.
attacks: $(VENV)/.dev
	$(BIN)/python benchmarks/attacks.py $(OPTIONS)

# Runs killed at random on real Dovecot and Postfix (root): make soak OPTIONS="--lives 300 --seed 7".
soak: $(VENV)/.dev servers
	$(BIN)/python -m tests.exchange.soak $(OPTIONS)

# For machines without Internet: dist/wheelhouse-*/ with an installer in it. For Windows: make wheelhouse PLATFORM=win_amd64.
# It fails with the name of whatever has no wheel there. EXTRAS=demo,ocr adds text recognition (Linux).
PLATFORM ?=
PYTHON ?= 3.11
EXTRAS ?= demo,tui
.PHONY: wheelhouse try-offline onedir
wheelhouse: $(VENV)/.build
	$(BIN)/python packaging/wheelhouse.py --python $(PYTHON) --extras $(EXTRAS) $(PLATFORM:%=--platform %)

# Installs, upgrades and uninstalls where there is no network (root, or a system that lets users make namespaces).
# A few minutes, and it fetches wheels: `make test` leaves it out.
try-offline: $(VENV)/.build
	$(MAKE) --no-print-directory wheelhouse
	unshare $$(test "$$(id -u)" = 0 || echo --map-root-user) --net sh -c 'ip link set lo up && exec $(BIN)/pytest -m install tests/install/test_offline.py'

# A folder with the program and a Python of its own, for the system it is made on: dist/vanthu/ (PyInstaller), and a trial of it.
onedir: $(VENV)/.build
	$(BIN)/pyinstaller --noconfirm --log-level ERROR --distpath dist --workpath build packaging/vanthu.spec
	$(BIN)/pytest -m install tests/install/test_onedir.py

$(VENV)/.demo: pyproject.toml constraints.txt | venv-possible
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | venv-possible
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.build: $(VENV)/.dev
	$(BIN)/pip install -q -c constraints.txt -e '.[build]'
	touch $@

# Debian's python3 comes without ensurepip: root gets it here, anybody else is told whom to ask.
venv-possible:
	@$(PY) -c 'import ensurepip, venv' 2>/dev/null || \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; \
	  else echo 'Python has no venv here. Ask the administrator for: apt-get install python3-venv' >&2; exit 1; fi

# The real servers and judges of the tests. Nothing is started by the installation and nothing in /etc is edited.
servers:
	@sh tests/install-servers.sh $(APT)

# After changing sentences: bring vi.po up to date, translate what is new, compile.
.PHONY: catalogue
catalogue: $(VENV)/.dev
	$(BIN)/pybabel -q extract --no-location --omit-header --sort-output -k _ -o .cache/vanthu.pot src
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-pot-creation-date --ignore-obsolete --no-wrap -l vi -i .cache/vanthu.pot -o src/vanthu_cli/locale/vi.po
	$(BIN)/pybabel -q compile -l vi -i src/vanthu_cli/locale/vi.po -o src/vanthu_cli/locale/vi.mo
	$(BIN)/pybabel -q compile -l vi -i src/vanthu_cli/locale/click/vi/LC_MESSAGES/messages.po -o src/vanthu_cli/locale/click/vi/LC_MESSAGES/messages.mo
