// The page, put together.

import { $ } from "./dom.js";
import { faces } from "./faces.js";
import { history } from "./history.js";
import { making } from "./making.js";
import { clones, system } from "./system.js";
import { videos } from "./video.js";
import { words } from "./words.js";

// A page of its own, so to speak: most never see it.
const signing = () => import("./signing.js");
addEventListener("unauthorized", async () => (await signing()).signIn());

let limits = null;
let face = null;
let speech = null;
let make = null;
const changed = () => make?.changed();

face = faces(() => limits, changed);
speech = words(() => limits, changed);

let current = null;
const past = history({
  show: (record) => current.show(record),
  cancel: (id) => current.cancel(id),
  shows: () => current.shows(),
  close: () => current.close(),
});
current = videos({
  history: past,
  forget: past.forget,
  learnt: changed,
  async again(avatar) {
    try {
      await face.again(avatar);
    } catch (error) {
      face.error(error.message);
    }
    $("words-title").focus();
  },
});
make = making({
  face: () => face,
  words: () => speech,
  accepted(record, asked, picture) {
    current.show(record, { asked, picture });
    $("job").scrollIntoView({ block: "nearest" });
  },
});
changed();

system().then((about) => {
  limits = about?.limits ?? null;
  speech.offerCloning(clones(about));
  face.demandConsent(about?.photo_consent ?? false);
  current.offerLinks(about?.links ?? true);
  if (about?.access === "keys") signing().then(({ showSession }) => showSession()).then(changed);
});
const running = await past.load();
if (running && !current.shows()) current.show(running);
