// The voices: filtered by language, heard by their samples, one chosen.

import { fileUrl, get } from "./api.js";
import { $, button, h, tell } from "./dom.js";

const names = new Intl.DisplayNames(["en"], { type: "language" });
export const languageName = (tag) => {
  try {
    return names.of(tag);
  } catch {
    return tag;
  }
};
const base = (tag) => tag.split("-")[0].toLowerCase();

export function voices(changed) {
  const [list, filter, row, problem] = ["voices", "language", "language-row", "voice-error"].map($);
  const player = new Audio();
  let all = [];
  let chosen = null;
  let heard = null;

  async function load(wanted = chosen) {
    list.setAttribute("aria-busy", "true");
    tell(problem);
    try {
      all = (await get("/v1/voices")).data;
    } catch (error) {
      tell(problem, `${error.message} `, button("Load the voices again", () => load(wanted), { className: "quiet" }));
      all = [];
    }
    list.setAttribute("aria-busy", "false");
    const tags = [...new Set(all.flatMap((voice) => voice.languages.map(base)))];
    const sorted = tags.map((tag) => [languageName(tag), tag]).sort();
    filter.replaceChildren(h("option", { value: "" }, "All"), ...sorted.map(([name, tag]) => h("option", { value: tag }, name)));
    row.hidden = tags.length < 2;
    const spoken = all.find((voice) => voice.languages.map(base).includes(base(navigator.language)));
    chosen = (all.find((voice) => voice.id === wanted) ?? spoken ?? all[0])?.id ?? null;
    show();
  }

  function show() {
    const fitting = all.filter((voice) => !filter.value || voice.languages.map(base).includes(filter.value));
    if (!fitting.some((voice) => voice.id === chosen)) chosen = fitting[0]?.id ?? null;
    stop();
    list.replaceChildren(...fitting.map(entry));
    changed();
  }

  function entry(voice) {
    const about = [voice.languages.map(languageName).join(", "), voice.gender].filter(Boolean).join(" · ");
    const radio = h("input", {
      type: "radio", name: "voice", value: voice.id, checked: voice.id === chosen,
      onchange: () => ((chosen = voice.id), tell(problem), changed()),
    });
    const hear = button("", () => play(voice, hear), { className: "hear", "aria-label": `Hear ${voice.name}` });
    return h(
      "div", { className: "voice" },
      h("label", {}, radio, h("span", { className: "voice-name" }, voice.name), h("span", { className: "hint" }, about)),
      hear,
    );
  }

  async function play(voice, hear) {
    const again = heard === hear;
    stop();
    if (again) return;
    heard = hear;
    hear.classList.add("sounding");
    hear.setAttribute("aria-label", `Stop ${voice.name}`);
    hear.dataset.name = voice.name;
    player.src = fileUrl(voice.urls.sample);
    try {
      await player.play();
    } catch (error) {
      if (heard === hear && error.name !== "AbortError") {
        stop();
        tell(problem, "This voice can't be heard now: try again in a moment.");
      }
    }
  }

  function stop() {
    player.pause();
    heard?.classList.remove("sounding");
    heard?.setAttribute("aria-label", `Hear ${heard.dataset.name}`);
    heard = null;
  }

  player.addEventListener("ended", stop);
  filter.addEventListener("change", show);
  load();
  return {
    load,
    chosen: () => all.find((voice) => voice.id === chosen) ?? null,
  };
}
