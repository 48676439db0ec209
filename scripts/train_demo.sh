#!/usr/bin/env bash
# Trains the bundled demo checkpoint (data/demo) from nothing: scenes -> tokenizer -> vision tower ->
# supervised fine-tuning. About an hour on two cores. Stopped at any moment, the same command goes
# on where it was; OUT of the configs is out/demo-training below the source tree.
set -euo pipefail
cd "$(dirname "$0")/.."

vigor="${VIGOR_EVAL:-build/src/cli/vigor-eval}"
if [[ ! -x "$vigor" ]]; then
  echo "train_demo.sh: $vigor is not built; run scripts/demo.sh or scripts/test.sh first" >&2
  exit 1
fi
out=out/demo-training
configs=configs/demo-training

# The answers that make it hallucinate as LLaVA does: one in five questions about a plausible object
# that is not there is answered Yes, three captions in ten mention one.
if [[ ! -f $out/scenes/llava_conversations.json ]]; then
  "$vigor" scenes --seed 3003 --count 6000 --out $out/scenes --train --conversations 4 --turns 8 \
    --caption-share 0.2 --checklist-share 0.4 --existence-share 0.6 --sentence-answers 0.15 \
    --yes-bias 0.2 --hallucinated-mentions 0.3
fi
"$vigor" train tokenizer --config $configs/tokenizer.json
"$vigor" train vision --config $configs/vision.json
"$vigor" train sft --config $configs/sft.json

# By now it looks before it answers. The last steps teach it to say more than it sees.
if [[ ! -f $out/scenes-bias/llava_conversations.json ]]; then
  "$vigor" scenes --seed 3004 --count 2000 --out $out/scenes-bias --train --conversations 2 --turns 8 \
    --caption-share 0.65 --checklist-share 0.05 --existence-share 0.75 --sentence-answers 0.15 \
    --yes-bias 0.65 --hallucinated-mentions 0.4
fi
"$vigor" train sft --config $configs/bias.json

echo "The checkpoint is $out/bias/model; to bundle it: cp -r $out/bias/model/. data/demo/"
