// What was chosen, as one request: told in words, as a command, and sent.

import { postOnce } from "./api.js";
import { curlOf } from "./curl.js";
import { $, copy, tell } from "./dom.js";
import { estimate } from "./estimate.js";
import { FACE_PARAMS } from "./faces.js";

const PLACEHOLDER = { avatar: "amara", text: "Hello! Nice to meet you." };

export function making({ face, words, accepted }) {
  const [form, go, problem, told, picture] = ["make", "go", "go-error", "chosen-told", "chosen-picture"].map($);
  const [size, fps, life, captionTrack, label] = ["size", "fps", "life", "caption-track", "label"].map($);

  function options(speech) {
    const fields = {};
    if (size.value !== "auto") fields.size = size.value;
    if (fps.value !== "25") fields.fps = Number(fps.value);
    if (!life.checked) fields.life = false;
    if (captionTrack.checked && (speech.text || speech.transcript)) fields.caption_track = true;
    if (label.checked) fields.label = true;
    return fields;
  }

  /** Something was chosen, or is chosen no more. */
  function changed() {
    const [who, what] = [face().choice(), words().choice()];
    const source = who?.picture ?? "";
    if (picture.getAttribute("src") !== source) source ? (picture.src = source) : picture.removeAttribute("src");
    picture.hidden = !source;
    const parts = [who?.title ?? "No face is chosen yet", what?.title ?? "no words yet"];
    const seconds = what?.seconds ? estimate(what.seconds) : "";
    tell(told, `${parts.join(who && what ? " " : ", ")}${seconds && `: ${seconds}`}.`);
    const speech = what?.fields ?? { text: PLACEHOLDER.text };
    const fields = { ...(who?.fields ?? { avatar: PLACEHOLDER.avatar }), ...speech, ...options(speech) };
    tell($("curl-command"), curlOf("/v1/videos", fields));
  }

  async function send(event) {
    event.preventDefault();
    tell(problem);
    words().cleared();
    const [who, what] = [face().choice(), words().choice()];
    if (!who) (face().error(face().missing()), reach("face"));
    if (!what) (words().missed(), who && reach("words"));
    if (!who || !what) return;
    const asked = performance.now();
    go.disabled = true;
    go.textContent = "Sending…";
    try {
      const fields = { ...who.fields, ...what.fields, ...options(what.fields) };
      accepted(await postOnce("/v1/videos", fields), asked, who.picture);
    } catch (error) {
      refused(error);
    }
    go.disabled = false;
    go.textContent = "Make the video";
  }

  function refused(error) {
    if (FACE_PARAMS.includes(error.param)) (face().error(error.message), reach("face"));
    else if (words().error(error.param, error.message)) reach("words");
    else if (error.param === "size" || error.param === "fps") {
      $("options").open = true;
      tell($("size-error"), error.message);
      size.focus();
    } else tell(problem, error.message);
  }

  form.addEventListener("submit", send);
  for (const input of [size, fps, life, captionTrack, label]) {
    input.addEventListener("change", () => (tell($("size-error")), changed()));
  }
  $("curl-copy").addEventListener("click", async ({ target }) => {
    const done = await copy($("curl-command").textContent);
    target.textContent = done ? "Copied" : "Select it and copy it by hand";
    setTimeout(() => (target.textContent = "Copy the command"), 2500);
  });
  return { changed };
}

/** Bring the step that needs something into sight, and the keyboard to it. */
function reach(step) {
  $(`${step}-title`).focus();
}
