#!/usr/bin/env python3
"""Makes data/text/wordnet_relations.tsv from WordNet 3.0 (Debian: wordnet-base).

  scripts/wordnet_relations.py [/usr/share/wordnet] > data/text/wordnet_relations.tsv

For each noun that can be a thing: words of the same synset, and the kind that it is one of.
The rule is told in docs/text.md.
"""
import collections
import sys

# Lexicographer files of things: Tops, animal, artifact, body, food, object, person, plant, substance.
THINGS = {3, 5, 6, 8, 13, 17, 18, 20, 27}

# Kinds that a detector of things knows: the 80 of COCO and some of the commonest beside them; with
# the word (and lexicographer file) of the synset that is meant where the name alone does not say.
KINDS = """
person:person.3|18 bicycle car motorcycle airplane bus:bus.6 train:train.6 truck:truck.6 boat:boat.6
traffic_light fire_hydrant:fireplug parking_meter bench:bench.6 bird:bird.5 cat:cat.5 dog:dog.5
horse:horse.5 sheep:sheep.5 cow:cow.5 elephant:elephant.5 bear:bear.5 zebra giraffe:giraffe.5 backpack
umbrella:umbrella.6 handbag tie:necktie suitcase:suitcase frisbee ski:ski.6 snowboard ball:ball.6 kite:kite.6
baseball_bat baseball_glove skateboard surfboard tennis_racket:tennis_racket bottle:bottle.6
wine_glass:wineglass cup:cup.6 fork:fork.6 knife:knife.6 spoon:spoon.6 bowl:bowl.6 banana:banana.13
apple:apple.13 sandwich:sandwich.13 orange:orange.13 broccoli:broccoli.13 carrot:carrot.13
hot_dog:hotdog.13 pizza:pizza.13 donut:doughnut cake:cake.13 chair:chair.6 couch:sofa.6
bed:bed.6 table:table.6 toilet:toilet.6 tv:television_receiver laptop:laptop.6
computer_mouse:mouse.6 remote_control keyboard:keyboard.6 cell_phone:cellular_telephone microwave:microwave.6
oven:oven.6 toaster:toaster.6 sink:sink.6 refrigerator:refrigerator.6 book:book.6 clock:clock.6 vase
scissors:scissors.6 teddy_bear:teddy hair_dryer:hand_blower toothbrush
tree:tree.20 flower:flower.20 fish:fish.5 insect:insect.5 house:house.6 lamp:lamp.6 shoe:shoe.6
hat:hat.6 helmet:helmet.6 watch:watch.6 guitar:guitar.6 drum:drum.6 gun:gun.6 flag:flag.6 box:box.6
basket:basket.6 bucket:bucket.6 candle:candle.6 pillow:pillow.6 curtain:curtain.6 shirt:shirt.6
skirt:skirt.6 dress:dress.6 coat:coat.6 trousers:trouser.6 ring:ring.6 plate:plate.6 pan:pan.6 pot:pot.6
desk:desk.6 cabinet:cabinet.6 monkey:monkey.5 snake:snake.5 frog:frog.5 turtle:turtle.5 spider:spider.5
butterfly:butterfly.5 pig:hog.5 goat:goat.5 deer:deer.5 rabbit:rabbit.5 lion:lion.5 tiger:tiger.5
duck:duck.5 goose:goose.5 chicken:chicken.5 bread:bread.13 cookie:cookie.13 grape:grape.13
strawberry:strawberry.13 tomato:tomato.13 potato:potato.13 helicopter:helicopter.6 tent:tent.6
church:church.6 tower:tower.6 bridge:bridge.6 fence:fence.6 statue:statue.6 camera:camera.6
""".split()


def read(folder):
    synsets, senses = {}, {}
    with open(folder + "/data.noun", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("  "):
                continue
            fields = line.split(" | ")[0].split()
            words = int(fields[3], 16)
            lemmas = [fields[4 + 2 * i] for i in range(words)]
            at = 4 + 2 * words
            parents, instance = [], False
            for i in range(int(fields[at])):
                symbol, target, part = fields[at + 1 + 4 * i: at + 4 + 4 * i]
                if symbol == "@" and part == "n":
                    parents.append(target)
                instance |= symbol == "@i"
            synsets[fields[0]] = (int(fields[1]), lemmas, parents, instance)
    with open(folder + "/index.noun", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("  "):
                continue
            fields = line.split()
            count = int(fields[2])
            senses[fields[0]] = fields[-count:]
    return synsets, senses


def main():
    synsets, senses = read(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet")

    def meant(lemma):
        """The synset that a caption means by a noun: the first that is a thing, of its first two."""
        for synset in senses.get(lemma, [])[:2]:
            if synsets[synset][0] in THINGS and not synsets[synset][3]:
                return synset
        return None

    kind_of, missing = {}, []
    for entry in KINDS:
        name, _, source = entry.partition(":")
        lemma, _, files = (source or name).partition(".")
        wanted = [int(file) for file in files.split("|")] if files else range(64)
        found = [s for s in senses.get(lemma, []) if synsets[s][0] in wanted]
        if not found:
            missing.append(entry)
            continue
        kind_of.setdefault(found[0], name)

    if missing:
        sys.exit("no synset for " + ", ".join(missing))

    def nearest_kind(synset):
        seen, queue = {synset}, collections.deque([(synset, 0)])
        while queue:
            at, depth = queue.popleft()
            if depth > 0 and at in kind_of:
                return kind_of[at]
            if depth == 8:
                continue
            for parent in synsets[at][2]:
                if parent not in seen:
                    seen.add(parent)
                    queue.append((parent, depth + 1))
        return ""

    for lemma in sorted(senses):
        synset = meant(lemma)
        if synset is None or any(c.isdigit() for c in lemma):
            continue
        same = [word for word in synsets[synset][1]
                if word.lower() != lemma and word == word.lower() and meant(word) == synset]
        kind = kind_of.get(synset)
        if kind == lemma or kind in same:
            above = ""
        elif kind:
            same.insert(0, kind)
            above = ""
        else:
            above = nearest_kind(synset)
        if same or above:
            print("\t".join([lemma, ",".join(same[:3]), above]))


main()
