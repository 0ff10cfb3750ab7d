// A face from words: four are painted, one is chosen; the words that were not understood are named.

import { post } from "./api.js";
import { $, h, tell } from "./dom.js";

const CANDIDATES = 4;

export function describe(problem, chose) {
  const [prompt, paint, fieldset, told] = ["prompt", "paint", "painted", "painted-told"].map($);
  const tiles = fieldset.querySelector(".tiles");
  let painting = null;
  let chosen = null;

  async function show() {
    const words = prompt.value.trim();
    clearFaces();
    chose();
    if (!words) {
      tell(problem, "Describe the face in a few words, then have four painted.");
      return prompt.focus();
    }
    painting = new AbortController();
    const { signal } = painting;
    const first = crypto.getRandomValues(new Uint32Array(1))[0] % 2 ** 30;
    const places = Array.from({ length: CANDIDATES }, () => h("div", { className: "tile waiting" }));
    tiles.replaceChildren(...places);
    fieldset.hidden = false;
    fieldset.setAttribute("aria-busy", "true");
    tell(told, "Painting four faces…");
    const results = await Promise.allSettled(
      places.map((place, n) => candidate(place, words, first + n * 7919, n + 1, signal)),
    );
    if (signal.aborted) return;
    fieldset.setAttribute("aria-busy", "false");
    report(results);
  }

  async function candidate(place, words, seed, number, signal) {
    const asked = { prompt: words, seed, n: 1, output_format: "webp", response_format: "b64_json" };
    try {
      const [painted] = (await post("/v1/images/generations", asked, { signal })).data;
      const bytes = Uint8Array.from(atob(painted.b64_json), (character) => character.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
      const input = h("input", {
        type: "radio", name: "painted-face", value: seed, "aria-label": `Painted face ${number}: ${words}`,
        onchange: () => ((chosen = { prompt: words, seed, url }), tell(problem), chose()),
      });
      place.replaceWith(h("label", { className: "tile" }, input, h("img", { src: url, alt: "", width: 160, height: 160 })));
      return painted;
    } catch (error) {
      if (!signal.aborted) place.remove();
      throw error;
    }
  }

  function report(results) {
    const painted = results.filter((result) => result.status === "fulfilled").map(({ value }) => value);
    if (!painted.length) {
      fieldset.hidden = true;
      tell(told);
      return tell(problem, results[0].reason.message);
    }
    const ignored = [...new Set(painted.flatMap((face) => face.words_ignored))];
    const unheard = ignored.length ? ` Not understood, so left out: ${ignored.join(", ")}.` : "";
    tell(told, `Choose one of these faces.${unheard}`);
    paint.textContent = "Show four others";
  }

  function clearFaces() {
    painting?.abort();
    tiles.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
    tiles.replaceChildren();
    fieldset.hidden = true;
    chosen = null;
    paint.textContent = "Show four faces";
    tell(told);
    tell(problem);
  }

  paint.addEventListener("click", show);
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // four faces first, not the video
    show();
  });
  return {
    clear: clearFaces,
    missing: () => (tiles.children.length ? "Choose one of the painted faces." : "Describe a face, have four painted, and choose one."),
    choice() {
      if (!chosen) return null;
      const { prompt: words, seed, url } = chosen;
      return { fields: { avatar_prompt: words, seed }, title: `“${words}”`, picture: url };
    },
  };
}
