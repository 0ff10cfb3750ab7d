"""Sentences to speak: written for this project, with every sound and mouth shape of English."""

import random
from collections.abc import Iterator

WRITTEN = """
Hello, and welcome back to the morning programme.
My mother baked a pumpkin pie for the village picnic.
Bob put both paper maps back on top of the piano.
Maybe we should move the meeting to Monday afternoon.
The baby laughed and clapped when the bubbles popped.
Five brave foxes found a very fine leaf above the cave.
Would you walk with us to the windmill this weekend?
She chose a cheap watch, then changed her mind in the shop.
The judge jumped from the bridge of an imaginary ship.
You usually use a huge blue umbrella in July.
Pack my box with five dozen liquor jugs.
How now, brown cow, grazing in the green, green grass?
Peter Piper picked a peck of pickled peppers.
Mum, may Pam and I play by the pump in the park?
We were away a year ago, weren't we?
The ship sank slowly as the shore shimmered in the sun.
Thirty-three thieves thought that they thrilled the throne.
A proper cup of coffee in a proper copper coffee pot.
Oh no, I know those old boats won't float.
Aah, that is the calmest, warmest bath I ever had.
Eat each green bean before the evening meal, please.
Who knew you could do it too, Ruth?
Red lorry, yellow lorry, round and round the corner.
I bought four more doors for the north porch.
Father parked the car far from the barn.
Look, the good cook took a book from the wood.
Up above us, a dove hummed something lovely.
He said the best bread gets better when it rests.
Big ships sit in this dim inlet.
The man ran back, grabbed his black bag, and sat.
First, the nurse heard the early bird chirp.
The boy's noisy toys annoyed Roy.
Now count out loud how many clouds surround the town.
I might try to fly my kite high at night.
They may wait eight days for the late train.
Mm-hmm, I remember. Hmm, maybe not.
Wow! What a wonderful view from up here.
Um, I mean, perhaps we could buy some more bread.
Yes. No. Maybe. Of course.
Pop! The balloon burst before the magician's final bow.
Please press the button, wait for the beep, and speak.
Fifty-five vivid violets flourished in the front of the villa.
Vivian's favourite leaves have fallen off above the stove.
The bishop's wife wished for fish, chips, and fresh peas.
Measure the beige garage and make a decision with precision.
The singer sang along with the young king.
Think of anything, bring nothing, and sing everything.
Humpty Dumpty sat on a wall.
It was a bright cold day, and the clocks were striking.
Could we possibly perform both plays before Wednesday?
Remember, the important thing is to stop trembling.
Snow fell softly; nobody moved; the lamp burned low.
Stop it, please, before somebody bumps the table.
What, when, where, why, and which one will it be?
The moon moved through the blue room.
Do you prefer the plum jam or the apple jam?
Above all, believe me when I move my lips.
A bumblebee bumped its belly on a bumper.
Tom's number is not in my phone book anymore.
On Sunday we swam, slept, and wrote seven postcards.
The weather tomorrow will be mild, with some rain by evening.
Nobody told me that the museum was closed on Tuesdays.
Honestly, I would rather stay home and read.
This little lamp uses less power than a fridge bulb.
Our team has been working on this problem for eleven months.
If you have a question, please raise your hand.
The results surprised almost everyone in the laboratory.
Thank you very much for watching, and see you next week.
Let me show you how simple it can be.
Turn left at the church, then follow the river path.
Where did you put the keys to the upper workshop?
There's a small cafe behind the opera house.
I'm afraid we've run out of oranges.
Every journey begins with a single step, they say.
We'd like to offer you the job, starting in October.
Nine hundred ninety-nine people applied.
The doctor advised her to drink more water and sleep longer.
Is that yours? It looks just like mine.
Look out! The ladder isn't safe.
Well, to be fair, it could have gone much worse.
Machines learn from examples; people learn from stories.
The orchestra tuned up while the audience took their seats.
Keep calm, breathe deeply, and begin again.
Sure, I'll call you back in five minutes.
He whispered something about a treasure under the floor.
The old clock in the hall hasn't worked for years.
Our planet turns once around its axis every day.
A quick reply would help us a great deal.
Zebras graze beside giraffes in this dusty valley.
The chef chopped shallots and tossed them in butter.
Wash your hands with warm water and soap.
Put the purple paint on the bottom shelf, would you?
Mr. Brown from the bank phoned about the payment.
Her voice was low, warm, and remarkably clear.
Just imagine how that must have felt!
Two years later, the bridge opened to traffic.
Come in, sit down, and make yourself comfortable.
The committee meets at half past four.
Every evening, the fishermen mend their nets by lamplight.
Happy birthday to you, my dear old friend!
""".strip().split("\n")
"""Lines rich in lip sounds, rounded vowels and everyday speech."""

WHO = [
    "My brother", "The new manager", "Everybody here", "An old farmer", "Our neighbour Emma",
    "The whole family", "A young painter", "Professor Webb", "The woman in the blue coat",
    "Somebody at work", "The village baker", "Our best player", "A famous pilot", "Uncle Bob",
    "The museum guide", "My favourite author", "Half of the class", "The firefighter next door",
]  # fmt: skip
DID = [
    "bought", "moved", "forgot about", "repaired", "pointed at", "painted", "brought back",
    "complained about", "wants to keep", "has never seen", "will probably sell", "almost dropped",
    "is looking for", "made a film about", "photographed", "should have wrapped", "found",
    "believes in", "was happy with", "could describe",
]  # fmt: skip
WHAT = [
    "a pair of brown boots", "the broken umbrella", "this beautiful valley", "a box of old maps",
    "the first prototype", "four wooden chairs", "our small apartment", "the map of the world",
    "a cheap red bicycle", "that enormous pumpkin", "the missing keys", "an empty swimming pool",
    "the voice of the people", "two jars of honey", "his grandmother's piano",
    "the view from the top floor", "a book about birds", "some very strange music",
]  # fmt: skip
WHEN = [
    "before breakfast", "in the middle of May", "without a word", "on a windy afternoon",
    "for the fifth time", "just after the show", "while we were away", "because of the rain",
    "at the very beginning", "two weeks ago", "as usual", "for no obvious reason",
    "in front of everyone", "every other month", "above all else", "with both hands",
]  # fmt: skip
OPENERS = [
    "", "", "", "", "Well,", "You see,", "In fact,", "Believe it or not,", "Of course,",
    "As you may remember,", "Meanwhile,", "To my surprise,", "Honestly,", "By the way,",
]  # fmt: skip
CLOSERS = [".", ".", ".", ".", "!", ", I think.", ", apparently.", ", didn't you know?", ", maybe."]


def templated(seed: int) -> Iterator[str]:
    """Endless sentences put together from parts."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    while True:
        parts = [chance.choice(WHO), chance.choice(DID), chance.choice(WHAT)]
        if chance.random() < 0.7:
            parts.append(chance.choice(WHEN))
        opener = chance.choice(OPENERS)
        body = " ".join(parts)
        if opener:
            keep = body.split()[0] in ("Professor", "Uncle")
            body = f"{opener} {body if keep else body[0].lower() + body[1:]}"
        yield body + chance.choice(CLOSERS)


def corpus(n: int, seed: int = 1) -> list[str]:
    """The first `n` of the written and templated sentences, well mixed and without doubles."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    lines = dict.fromkeys(WRITTEN)
    more = templated(seed + 1)
    while len(lines) < n:
        lines[next(more)] = None
    mixed = list(lines)
    chance.shuffle(mixed)
    return mixed[:n]
