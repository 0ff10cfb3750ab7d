// The page that a link leads to: one video, which plays while it is made, and nothing else.

import { get } from "./api.js";
import { $, button, tell, when } from "./dom.js";
import { ACTIVE, follow } from "./follow.js";
import { files, player } from "./player.js";

const SOON = "This video is about to be made. It plays here as soon as it begins.";
const NEWS = {
  queued: SOON,
  warming_up: SOON,
  portrait: SOON,
  video: "This video is still being made. It plays as far as it is.",
  finishing: "This video is nearly made. It plays as far as it is.",
  completed: "",
  failed: "This video could not be made.",
  cancelled: "Nobody makes this video any more: it was cancelled.",
};
const TITLE = 70; // characters

const [title, told, problem, shown, video, bar, left, actions] =
  ["title", "told", "problem", "shown", "player", "progress", "left", "actions"].map($);
const screen = player(video);
const path = `/v1/videos/${location.pathname.split("/").at(-1)}/share${location.search}`;
let known = null;

async function open() {
  tell(problem);
  try {
    render(await get(path));
    if (!ACTIVE.has(known.status)) return;
    screen.stream(known);
    for await (const { type, data } of follow(known.urls, new AbortController().signal)) {
      if (type === "record") render(data);
      else if (data.progress >= known.progress) render({ ...known, ...data });
    }
  } catch (error) {
    shut(error);
  }
}

function render(record) {
  known = record;
  const { status, stage, progress, urls } = record;
  const over = status === "failed" || status === "cancelled";
  if (told.textContent !== NEWS[stage]) tell(told, NEWS[stage]);
  shown.hidden = over;
  if (over) return screen.stop();
  $("progress-row").hidden = status === "completed";
  bar.value = progress;
  tell(left, `${progress} %`);
  tell($("until"), record.expires_at ? `This link works until ${when(record.expires_at)}.` : "");
  if (status !== "completed") return;
  if (urls.thumbnail && !video.poster) video.poster = urls.thumbnail;
  screen.complete(record);
  actions.replaceChildren(...files(record));
}

/** There is nothing to see, and why. */
function shut(error) {
  const gone = error.code === "not_found";
  const wrong = error.code === "unauthorized" || error.code === "invalid_request";
  screen.stop();
  shown.hidden = true;
  tell(told);
  if (gone) {
    tell(title, "This video is gone");
    tell(problem, "It was deleted, or its time was up.");
  } else if (wrong) {
    tell(title, "This link does not work");
    tell(problem, "Its time is up, or it was not copied whole. Ask whoever sent it for a new one.");
  } else {
    tell(problem, `${error.message} `, button("Try again", open));
  }
  document.title = title.textContent;
}

/** The first words of the captions are the title. */
video.addEventListener("load", ({ target }) => {
  const words = [...target.track.cues].map((cue) => cue.getCueAsHTML().textContent).join(" ");
  if (!words) return;
  tell(title, `“${words.length > TITLE ? `${words.slice(0, TITLE).replace(/\s+\S*$/, "")} …` : words}”`);
  document.title = title.textContent;
}, true); // a track's event does not rise

video.addEventListener("error", async () => {
  if (known.status !== "completed") return; // else its file comes yet
  try {
    await get(path);
    tell(problem, "The video can’t be played now. Check the connection, then load the page again.");
  } catch (error) {
    shut(error);
  }
});

open();
