// Step 2: what is said, and how it sounds.

import { clone } from "./clone.js";
import { $, tell } from "./dom.js";
import { recording } from "./recording.js";
import { text } from "./text.js";
import { waysOf } from "./ways.js";

/** Where the errors of the API's parameters are told. */
const PLACES = {
  text: "text-error", voice: "voice-error", language: "voice-error", speed: "speed-error",
  audio: "audio-error", transcript: "audio-error",
};
const MISSING = { text: "text-error", recording: "audio-error", clone: "sample-error" };

export function words(limits, changed) {
  const section = $("words");
  let row = null;
  const chose = (way) => () => row?.chose(way);
  const written = text(limits, chose("text"), changed);
  const ways = {
    text: written,
    recording: recording(limits, chose("recording"), changed),
    clone: clone(limits, changed, async (voice) => {
      await written.voices.load(voice.id);
      if (row.current() !== "clone") return; // who is elsewhere by now stays there
      row.go("text");
      $("text").focus();
    }),
  };
  row = waysOf(section, "words-way", ways, changed);
  return {
    choice: row.choice,
    missing: row.missing,
    /** True where the error was about the words, and is told beside them. */
    error(param, message) {
      if (!(param in PLACES)) return false;
      tell($(PLACES[param]), message);
      return true;
    },
    missed: () => tell($(MISSING[row.current()]), row.missing()),
    cleared: () => [...new Set(Object.values(PLACES))].forEach((place) => tell($(place))),
    offerCloning(offered) {
      section.querySelector('[data-offer="clone"]').hidden = !offered;
    },
  };
}
