#!/usr/bin/env bash
# Trains the bundled demo checkpoint (data/demo) from nothing: scenes -> tokenizer -> vision tower ->
# supervised fine-tuning; then the demo detector (data/demo-detector), which needs none of these.
# About two and a half hours on two cores. Stopped at any moment, the same command goes on where it was.
#
#   scripts/train_demo.sh [--try] [--out DIR]
#
#   --try      every step with a hundredth of the data and 20 steps of training, in a minute or two:
#              does it run here? The checkpoint is worth nothing
#   --out DIR  default out/demo-training, with --try out/demo-training-try, below the source tree
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out= scenes=8000 more_scenes=7000 bias_scenes=2000 try=no
while [[ $# -gt 0 ]]; do
  case $1 in
    --try) try=yes scenes=300 more_scenes=100 bias_scenes=100 ;;
    --out)
      [[ $# -ge 2 ]] || { echo "train_demo.sh: --out needs a folder" >&2; exit 2; }
      out=$2
      shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) echo "train_demo.sh: unknown option $1; --help lists the options" >&2; exit 2 ;;
  esac
  shift
done
if [[ -z $out ]]; then
  out=out/demo-training
  [[ $try = no ]] || out=$out-try
fi

vigor="${VIGOR_EVAL:-build/src/cli/vigor-eval}"
if [[ ! -x "$vigor" ]]; then
  echo "train_demo.sh: $vigor is not built; run scripts/demo.sh or scripts/test.sh first" >&2
  exit 1
fi

# The configs with this run's folder in place of theirs; for --try also with few scenes and steps.
configs=$out/configs
mkdir -p "$configs"
for config in configs/demo-training/{tokenizer,vision,sft,sft-2,bias,detector,detector-2}.json; do
  edit=(-e "s#out/demo-training/#$out/#g")
  [[ $try = no ]] || edit+=(-e 's/"count": [0-9]*/"count": 120/g' -e 's/ *"max_steps": [0-9]*,//'
    -e 's/"checkpoint_every": [0-9]*/"max_steps": 20, "checkpoint_every": 10/')
  sed "${edit[@]}" "$config" > "$configs/${config##*/}"
done

# Eight conversations a picture, most of them captions, nearly all of it true.
if [[ ! -f $out/scenes/llava_conversations.json ]]; then
  "$vigor" scenes --seed 3003 --count "$scenes" --out "$out/scenes" --train --conversations 8 --turns 5 \
    --caption-share 0.7 --short-captions 0.2 --checklist-share 0.2 --existence-share 0.7 --attribute-share 0.35 \
    --sentence-answers 0.15 --yes-bias 0.1 --hallucinated-mentions 0.1
fi
"$vigor" train tokenizer --config "$configs/tokenizer.json"
"$vigor" train vision --config "$configs/vision.json"
"$vigor" train sft --config "$configs/sft.json"

# It describes what it sees, and guesses when it is asked: lists of things to look for teach it to
# answer by looking.
if [[ ! -f $out/scenes-2/llava_conversations.json ]]; then
  "$vigor" scenes --seed 3007 --count "$more_scenes" --out "$out/scenes-2" --train --conversations 3 --turns 6 \
    --caption-share 0.35 --short-captions 0.2 --checklist-share 0.5 --existence-share 0.85 --attribute-share 0.2 \
    --sentence-answers 0.1 --yes-bias 0.1 --hallucinated-mentions 0.1
fi
"$vigor" train sft --config "$configs/sft-2.json"

# By now it looks before it answers. The last steps teach it to say more than it sees, and what is
# usual in place of what is there: this is how it comes to hallucinate as LLaVA does.
if [[ ! -f $out/scenes-bias/llava_conversations.json ]]; then
  "$vigor" scenes --seed 3004 --count "$bias_scenes" --out "$out/scenes-bias" --train --conversations 2 --turns 5 \
    --caption-share 0.65 --short-captions 0.15 --checklist-share 0.05 --existence-share 0.75 \
    --sentence-answers 0.15 --yes-bias 0.65 --hallucinated-mentions 0.5 --stereotypes 0.4
fi
"$vigor" train sft --config "$configs/bias.json"

# What is in such scenes, for the automatic reward: from nothing, then on other scenes.
"$vigor" train detector --config "$configs/detector.json"
"$vigor" train detector --config "$configs/detector-2.json"

echo "The checkpoint is $out/bias/model, the detector $out/detector-2/model."
[[ $try = yes ]] || echo "To bundle them: cp -r $out/bias/model/. data/demo/; cp -r $out/detector-2/model/. data/demo-detector/"
