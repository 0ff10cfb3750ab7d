// The voices: filtered by language, heard by their samples, one chosen.

import { listed, remove } from "./api.js";
import { $, button, h, sure, tell } from "./dom.js";

const names = new Intl.DisplayNames(["en"], { type: "language" });
export const languageName = (tag) => {
  try {
    return names.of(tag);
  } catch {
    return tag;
  }
};
const AGAIN = 3000;

const base = (tag) => tag.split("-")[0].toLowerCase();

export function voices(changed) {
  const [list, filter, row, problem] = ["voices", "language", "language-row", "voice-error"].map($);
  const player = new Audio();
  let all = [];
  let chosen = null;
  let heard = null;
  let timer = 0;
  let shown = "";

  /** List them anew; `wanted` is chosen, where it is there. */
  async function load(wanted = null) {
    clearTimeout(timer);
    tell(problem);
    try {
      all = await listed("/v1/voices");
    } catch (error) {
      list.setAttribute("aria-busy", "false");
      return tell(problem, `${error.message} `, button("Load the voices again", () => load(wanted)));
    }
    list.setAttribute("aria-busy", "false");
    if (all.some((voice) => voice.status === "in_progress")) {
      clearTimeout(timer);
      timer = setTimeout(load, AGAIN); // one that is being copied joins the others when it is ready
    }
    all = all.filter((voice) => (voice.status ?? "completed") === "completed");
    const now = all.map((voice) => voice.id).join();
    if (now === shown && !wanted) return; // who hears one of them is left in peace
    shown = now;
    const tags = [...new Set(all.flatMap((voice) => voice.languages.map(base)))];
    const kept = wanted ? "" : filter.value;
    const sorted = tags.map((tag) => [languageName(tag), tag]).sort();
    filter.replaceChildren(h("option", { value: "" }, "All"), ...sorted.map(([name, tag]) => h("option", { value: tag }, name)));
    filter.value = tags.includes(kept) ? kept : "";
    row.hidden = tags.length < 2;
    const spoken = all.find((voice) => voice.languages.map(base).includes(base(navigator.language)));
    chosen = (all.find((voice) => voice.id === (wanted ?? chosen)) ?? spoken ?? all[0])?.id ?? null;
    show();
  }

  function show() {
    const fitting = all.filter((voice) => !filter.value || voice.languages.map(base).includes(filter.value));
    if (!fitting.some((voice) => voice.id === chosen)) chosen = fitting[0]?.id ?? null;
    stop();
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...fitting.map(entry));
    if (focused) list.querySelector("input:checked")?.focus();
    changed();
  }

  async function forget(voice) {
    if (!(await sure(`Delete the voice “${voice.name}”?`, "Videos made with it stay. This can’t be undone."))) return;
    try {
      await remove(`/v1/voices/${voice.id}`);
      await load();
    } catch (error) {
      tell(problem, error.message);
    }
  }

  function entry(voice) {
    const alike = all.some((other) => other !== voice && other.name === voice.name && other.languages[0] === voice.languages[0]);
    const facts = [voice.languages.map(languageName).join(", "), voice.cloned ? "your copy" : voice.gender, alike && voice.id].filter(Boolean);
    const radio = h("input", {
      type: "radio", name: "voice", value: voice.id, checked: voice.id === chosen,
      onchange: () => ((chosen = voice.id), tell(problem), changed()),
    });
    const hear = button("", () => play(voice, hear), { className: "hear", "aria-label": `Hear ${voice.name}` });
    return h(
      "div", { className: "voice" },
      h("label", {}, radio, h("span", {}, voice.name), h("span", { className: "hint" }, facts.join(" · "))),
      hear,
      voice.cloned ? button("Delete", () => forget(voice), { "aria-label": `Delete ${voice.name}` }) : null,
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
    player.src = voice.urls.sample;
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
