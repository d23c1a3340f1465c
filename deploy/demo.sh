#!/usr/bin/env bash
# The main job of epsilond, through its REST API and nothing else: serve, put a privacy budget on a dataset, price a run, train
# privately against the budget, print the guarantee, and show what happens when the budget has no room left.
# DEMO_ONCE=1 stops the service at the end; otherwise it is left running so that the dashboard can be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."

epsilond=${EPSILOND:-.build/release/epsilond}
data=${DEMO_DATA:-data/demo-$(date -u +%Y%m%d-%H%M%S)}
mkdir -p "$data"
log=$data/service.log
answer=$data/answer.json

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf '\ndemo: %s\n' "$*" >&2; exit 1; }

# --- the service -----------------------------------------------------------------------------------------------------
server=
start() {
  setsid "$epsilond" serve --host 127.0.0.1 --port "$1" --no-auth --data-dir "$data" >"$data/url" 2>>"$log" </dev/null &
  server=$!
  for _ in $(seq 100); do
    url=$(grep -o 'http://[^ ]*' "$data/url" || true)
    [ -n "$url" ] && return 0
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}
stop() {
  kill "$server" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$server" 2>/dev/null || true
}
say "Starting epsilond (data in $data)"
start "${PORT:-8080}" || { echo "Port ${PORT:-8080} is taken: using a free one."; start 0 || { cat "$log" >&2; fail "the service did not start"; }; }
trap stop EXIT
echo "$url"

# call METHOD PATH EXPECTED_STATUS [BODY] — the answer goes to $answer.
call() {
  local arguments=(--silent --show-error --max-time 60 --request "$1" --output "$answer" --write-out '%{http_code}')
  [ $# -lt 4 ] || arguments+=(--header 'Content-Type: application/json' --data "$4")
  local status
  status=$(curl "${arguments[@]}" "$url$2")
  [[ $status = $3 ]] || { cat "$answer" >&2; fail "$1 $2 answered $status, expected $3"; }
}
value() { jq --raw-output "$1" "$answer"; }

# --- dataset and budget ----------------------------------------------------------------------------------------------
say "1. The dataset: Fashion-MNIST, 60,000 training images (private) and 10,000 test images (public)"
for name in fashion-mnist/train fashion-mnist/test; do
  call POST /v1/datasets '20[01]' "{\"name\": \"$name\"}"
  value '"   \(.name): \(.size) examples, public: \(.public)"'
done

say "2. A privacy budget on it: ε = 3, δ = 1e-5, one example added or removed"
call POST /v1/budgets 201 '{"name": "demo", "dataset": "fashion-mnist/train", "epsilon": 3, "delta": 1e-5, "adjacency": "add_or_remove_one", "unit": "example"}'
budget=$(value .id)
echo "   $budget"

# --- the job ---------------------------------------------------------------------------------------------------------
job() {
  jq --null-input --arg budget "$budget" --arg name "$1" '{
    name: $name, budget: $budget, dataset: "fashion-mnist/train",
    model: {preset: "tutorial-cnn"},
    training: {batch_size: 1024, epochs: 15,
               optimizer: {type: "sgd", learning_rate: 6.0},
               clipping: {mode: "flat", norm: 0.3}},
    privacy: {target_epsilon: 2.7, delta: 1e-5},
    evaluation: {dataset: "fashion-mnist/test"}}'
}
say "3. What would the run cost? (dry run: nothing is spent)"
call POST '/v1/jobs?dry_run=true' 200 "$(job tutorial)"
value '"   noise multiplier \(.privacy.noise_multiplier), ε = \(.privacy.epsilon) at δ = \(.privacy.delta), \(.progress.steps // .steps) steps"'

say "4. Train it, privately, against the budget"
call POST /v1/jobs 201 "$(job tutorial)"
id=$(value .id)
width=40
while :; do
  call GET "/v1/jobs/$id" 200
  state=$(value .state)
  read -r step steps epsilon accuracy < <(value '[.progress.step, .progress.steps, (.privacy.epsilon_so_far // 0), (.metrics[-1].accuracy // 0)] | @tsv')
  filled=$((steps > 0 ? width * step / steps : 0))
  if [ -t 1 ] || [ "$state" != running ] && [ "$state" != queued ]; then
    printf '\r   [%s%s] %5d/%d steps  ε so far %.3f  accuracy %.1f %%  %-10s' \
      "$(printf '%*s' "$filled" '' | tr ' ' '#')" "$(printf '%*s' $((width - filled)) '')" \
      "$step" "$steps" "$epsilon" "$(jq -n "$accuracy * 100")" "$state"
  fi
  case $state in queued | running | pausing | paused | cancelling) sleep 0.5 ;; *) break ;; esac
done
echo
[ "$state" = succeeded ] || { value .state_reason >&2; fail "the job ended as $state (see $log)"; }
cp "$answer" "$data/job.json"
value '"   test accuracy \(.metrics[-1].accuracy * 1000 | round / 10) %, trained in \((((.finished_at | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601) - (.started_at | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601)))) s"'

say "5. The guarantee"
call GET "/v1/jobs/$id/artifacts/report.md" 200
sed 's/^/   /' "$answer"
say "   Artifacts: $data/artifacts/$id, or $url/v1/jobs/$id/artifacts"
ls -l "$data/artifacts/$id" | sed '1d; s/^/   /'

# --- the refusal -----------------------------------------------------------------------------------------------------
say "6. The same job again: the budget refuses, and says what would fit"
call POST /v1/jobs 409 "$(job again)"
value '"   \(.code): \(.detail)", (.fits[]? | "   would fit: \(tostring)")'
call GET "/v1/budgets/$budget" 200
value '"   budget: ε spent \(.spent.epsilon), remaining \(.remaining.epsilon) of \(.limit.epsilon)"'

"$epsilond" verify-ledger --data-dir "$data" | sed 's/^/   /'

if [ -n "${DEMO_ONCE:-}" ]; then
  say "Done (DEMO_ONCE: the service is stopped)."
else
  trap - EXIT
  say "Dashboard: $url/#/jobs/$id"
  echo "The service keeps running (process $server). Stop it with: kill $server"
fi
