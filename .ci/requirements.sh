# What the gate takes from outside of npm, and what it leaves out where that cannot be reached. Sourced by `run`, and by
# scripts/ci-requirements.test.ts.

# A line for each part that was left out; the gate repeats them at its end.
notes=()
# What the tests must find.
required_backends=cpu,wasm

# The Debian packages that are missing on this machine.
missing_packages() {
  command -v python3 >/dev/null || echo python3
  python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
  command -v make >/dev/null || echo make
  command -v g++ >/dev/null || echo g++
  command -v git >/dev/null || echo git
  # For tests in a page, and for the WebGPU adapter that computes on the processor.
  command -v chromium >/dev/null || echo chromium
  ldconfig -p | grep -q libvulkan.so.1 || echo libvulkan1
}

# Whether a list of apt's index was fetched. `apt-get update` ends with 0 where none was, too.
apt_index_reachable() {
  local said
  said=$(apt-get update -q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 2>&1)
  printf '%s\n' "$said"
  grep -qE '^(Hit|Get):[0-9]' <<<"$said"
}

# Fails where the index is there, and what is missing cannot be installed from it.
system_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] && return 0
  if apt_index_reachable; then
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "apt's index cannot be reached: going on without ${missing[*]}"
  fi
}

# The part of `missing_packages` that matches, in one line.
still_missing() { missing_packages | grep -xE "$1" | paste -sd ' '; }

# After `system_packages` passed: what is missing now could not be reached.
decide_browser() {
  local missing
  missing=$(still_missing 'chromium|libvulkan1')
  if [ -n "$missing" ]; then
    notes+=("not tested: webgpu and pages in a browser ($missing missing, and apt's index cannot be reached)")
    return
  fi
  required_backends+=,webgpu
  export PIXCON_REQUIRE_BROWSER=1
}

# Whether pip finds TensorFlow, or an index answers that it has none: then a failed installation is a failure. Only a
# connection that is not made is none.
pip_index_reachable() {
  local said
  said=$(python3 -m pip index versions tensorflow-cpu --retries 1 --timeout 20 2>&1) && return 0
  printf '%s\n' "$said"
  [ -z "${PIP_NO_INDEX:-}" ] || return 1
  ! grep -qE 'connection broken by|Max retries exceeded|(ConnectTimeout|ReadTimeout|Proxy|SSL)Error|ssl certificate' \
    <<<"$said"
}

# Whether TensorFlow is to be installed and tested.
decide_tensorflow() {
  local missing installed
  installed=${PIXCON_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/pixcon}/tensorflow/pixcon-tensorflow.json
  missing=$(still_missing 'python3|python3-pip|make|g\+\+')
  if [ ! -f "$installed" ]; then
    if [ -n "$missing" ]; then
      notes+=("not tested: the tensorflow backend ($missing missing, and apt's index cannot be reached)")
      return 1
    elif ! pip_index_reachable; then
      notes+=("not tested: the tensorflow backend (pip's index cannot be reached)")
      return 1
    fi
  fi
  required_backends+=,tensorflow
}

print_notes() {
  local note
  for note in "${notes[@]}"; do printf '%s\n' "$note"; done
}
