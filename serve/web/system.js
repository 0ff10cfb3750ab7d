// What runs behind the page: engines, licences, limits.

import { get } from "./api.js";
import { $, h, tell } from "./dom.js";

const STAGES = {
  portrait: "Painting faces", face: "Finding faces", speech: "Speaking", lipsync: "Moving the lips",
  encode: "Making the file", director: "Directing", cloning: "Copying voices",
};
const USES = { yes: "allowed", no: "non-commercial", unclear: "unclear" };
const UP = new Set(["ready", "at_zero"]);

/** Shows what the service says of itself, and gives it back; null where it can't be asked. */
export async function system() {
  const told = $("about-told");
  let about;
  try {
    about = await get("/v1/system");
  } catch (error) {
    tell(told, error.message);
    return null;
  }
  const stages = Object.entries(about.stages).filter(([, stage]) => stage.engine);
  $("engines").replaceChildren(...stages.map(row));
  const down = stages.filter(([, { state }]) => !UP.has(state)).map(([name]) => STAGES[name] ?? name);
  tell(told, `avatar-serve ${about.version}.${down.length ? ` Not ready now: ${down.join(", ")}.` : ""}`);
  return about;
}

/** Whether voices can be copied here. */
export const clones = (about) => UP.has(about?.stages.cloning?.state);

function row([name, { engine, weights, commercial_use: use }]) {
  const licences = weights.map((file) => h("li", {}, `${file.name}: ${file.licence}`));
  return h(
    "tr", {},
    h("th", { scope: "row" }, STAGES[name] ?? name),
    h("td", {}, engine.split(":").at(-1)),
    h("td", {}, licences.length ? h("ul", {}, ...licences) : "none"),
    h("td", {}, h("span", { className: use === "yes" ? "" : "mark" }, USES[use] ?? use)),
  );
}
