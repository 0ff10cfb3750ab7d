// Step 1: whose face it is.

import { $, tell } from "./dom.js";
import { describe } from "./describe.js";
import { gallery } from "./gallery.js";
import { upload } from "./upload.js";
import { waysOf } from "./ways.js";

/** Parameters of the API whose errors are told beside the face. */
export const FACE_PARAMS = ["avatar", "avatar_image", "avatar_prompt", "prompt", "image", "face_index", "consent", "seed"];

export function faces(limits, changed) {
  const section = $("face");
  const problem = (way) => section.querySelector(`[data-way="${way}"] .error`);
  let row = null;
  const chose = (way) => () => row?.chose(way);
  const ways = {
    gallery: gallery($("gallery"), problem("gallery"), chose("gallery")),
    upload: upload(problem("upload"), limits, chose("upload")),
    describe: describe(problem("describe"), chose("describe")),
  };
  row = waysOf(section, "face-way", ways, changed);
  ways.gallery.load();
  return {
    choice: row.choice,
    missing: row.missing,
    error: (words) => tell(problem(row.current()), words),
    demandConsent: (demanded) => (ways.upload.demandConsent(demanded), changed()),
    /** The face of a video that was made. */
    again: (avatar) => ways.gallery.pick(avatar),
  };
}
