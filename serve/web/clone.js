// A voice of one's own: a sample, its owner's consent, and the service's work on it.

import { get, postOnce } from "./api.js";
import { $, h, pause, tell } from "./dom.js";
import { curlOf } from "./curl.js";
import { recorder } from "./recorder.js";
import { languageName } from "./voices.js";

const LANGUAGES = ["en", "de", "es", "fr", "it", "pt", "pl", "nl", "ru", "tr", "cs", "ar", "zh", "ja", "ko", "hi", "hu"];
const EVERY = 1500;
const ERRORS = { sample: "sample-error", consent: "consent-error", name: "name-error", language: "name-error" };

export function clone(limits, changed, ready) {
  const [name, language, consent, go, bar, told] =
    ["clone-name", "clone-language", "consent", "clone", "clone-progress", "clone-told"].map($);
  const statement = $("consent-words").textContent.trim();
  const sample = recorder($("sample"), {
    id: "sample-file", choose: "Choose a sample", limits, problem: $("sample-error"), changed: shown,
  });
  language.append(...LANGUAGES.map((tag) => h("option", { value: tag }, languageName(tag))));
  language.value = navigator.language.slice(0, 2);
  language.value ||= "en";

  const fields = () => ({
    sample: sample?.file() ?? new File([], "sample.wav"),
    consent: statement,
    name: name.value.trim() || "My voice",
    language: language.value,
  });

  function shown() {
    tell($("clone-curl"), curlOf("/v1/voices", fields()));
    changed();
  }

  async function make() {
    for (const place of Object.values(ERRORS)) tell($(place));
    if (!sample.file()) return tell($("sample-error"), "Choose a sample of the voice, or record one.");
    if (!consent.checked) {
      tell($("consent-error"), "Only with the consent of the voice's owner: say so above.");
      return consent.focus();
    }
    go.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    tell(told, "Copying the voice…");
    try {
      const voice = await followed(await postOnce("/v1/voices", fields()));
      const near = voice.approximate ? " It is only near to the sample: a longer or clearer one may help." : "";
      tell(told, `The voice “${voice.name ?? name.value}” is ready, and chosen.${near}`);
      await ready(voice);
    } catch (error) {
      tell(told);
      tell($(ERRORS[error.param] ?? "sample-error"), error.message);
    }
    go.disabled = false;
    bar.hidden = true;
  }

  async function followed(voice) {
    while (voice.status === "in_progress" || voice.status === "queued") {
      bar.value = voice.progress ?? 0;
      await pause(EVERY);
      try {
        voice = await get(`/v1/voices/${voice.id}`);
      } catch (error) {
        if (!error.retryable) throw error;
      }
    }
    if (voice.status === "failed") throw Object.assign(new Error(voice.error.message), voice.error);
    return voice;
  }

  go.addEventListener("click", make);
  for (const input of [name, language]) input.addEventListener("input", shown);
  consent.addEventListener("change", () => tell($("consent-error")));
  shown();
  return {
    clear: () => sample.clear(),
    missing: () => "Copy the voice first; then write what it says.",
    choice: () => null,
  };
}
