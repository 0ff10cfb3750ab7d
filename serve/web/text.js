// Words that are written, and the voice that says them.

import { $, duration, tell } from "./dom.js";
import { spokenSeconds } from "./estimate.js";
import { voices } from "./voices.js";

export function text(limits, chose, changed) {
  const [words, length, speed, told] = ["text", "text-length", "speed", "speed-told"].map($);
  const list = voices(changed);

  function typed() {
    const most = limits()?.text_characters;
    const count = words.value.length;
    tell($("text-error"), most && count > most ? `The text has ${count.toLocaleString("en")} characters: write at most ${most.toLocaleString("en")}.` : "");
    const seconds = spokenSeconds(words.value, Number(speed.value));
    tell(length, seconds ? `About ${duration(seconds)} of speech.` : "About 15 characters make a second.");
    changed();
  }

  words.addEventListener("input", () => (typed(), words.value && chose()));
  speed.addEventListener("input", () => {
    tell(told, `${Number(speed.value)}×`);
    tell($("speed-error"));
    typed();
  });
  typed();
  return {
    voices: list,
    clear: () => {},
    missing: () => (words.value.trim() ? "Choose a voice." : "Write what the face says."),
    choice() {
      const voice = list.chosen();
      if (!words.value.trim() || !voice) return null;
      const fields = { text: words.value, voice: voice.id };
      const pace = Number(speed.value);
      if (pace !== 1) fields.speed = pace;
      return { fields, title: `in ${voice.name}’s voice`, seconds: spokenSeconds(words.value, pace) };
    },
  };
}
