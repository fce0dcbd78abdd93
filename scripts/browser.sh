#!/usr/bin/env bash
# Make sure there is a Chromium for the browser tests and a font with Chinese in it: one that is there, Debian's, or Playwright's own.
set -euo pipefail

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    ls "${HOME}"/.cache/ms-playwright/chromium-*/chrome-linux*/chrome "${HOME}"/Library/Caches/ms-playwright/chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium 2>/dev/null | head -n 1 | grep .
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    wanted=()
    find_browser >/dev/null || wanted+=(chromium)
    fc-list :lang=zh 2>/dev/null | grep -q . || wanted+=(fonts-noto-cjk)
    if [ ${#wanted[@]} -gt 0 ]; then
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
    fi
fi
find_browser >/dev/null || .venv/bin/playwright install --with-deps chromium
echo "browser: $(find_browser)"
