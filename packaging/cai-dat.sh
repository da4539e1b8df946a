#!/bin/sh
# sh cai-dat.sh [THƯ-MỤC]   cài vanthu từ thư mục chứa tệp này, không cần mạng. Để nâng cấp: chạy tệp của bản mới, cùng THƯ-MỤC.
# Installs, or upgrades, vanthu from the folder of this file, without a network. An office's own folder is never touched.
set -eu
target=${1:-$HOME/.local/lib/vanthu}
case $target in /*) ;; *) target=$PWD/$target ;; esac
cd "$(dirname "$0")"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

sha256sum --check --strict --quiet SHA256SUMS ||
  fail 'Bộ cài bị hỏng hoặc đã bị sửa đổi (SHA256SUMS không khớp). Hãy chép lại bộ cài.'

python=
for each in python@PYTHON@ python3; do
  if "$each" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")' 2>/dev/null; then
    python=$each
    break
  fi
done
[ -n "$python" ] || fail 'Bộ cài này cần Python @PYTHON@, máy này không có.'

if [ ! -e "$target/pyvenv.cfg" ]; then
  if [ -e "$target" ] && [ -n "$(ls -A "$target")" ]; then
    fail "Thư mục $target đã có tệp khác. Hãy chọn thư mục khác."
  fi
  "$python" -m venv "$target" ||
    fail 'Không tạo được môi trường Python. Debian, Ubuntu: nhờ quản trị viên cài gói python3-venv.'
fi
# Only what lies here, and only with the hashes of requirements.txt: whatever pip is set up to do on this machine.
PIP_CONFIG_FILE=/dev/null "$target/bin/python" -m pip --isolated --quiet --disable-pip-version-check install \
  --no-index --find-links . --require-hashes -r requirements.txt

"$target/bin/vanthu" --version
echo "Đã cài. Chạy: $target/bin/vanthu"
