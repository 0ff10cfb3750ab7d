// Step 3, once a video is asked for: where it stands, the picture, and what can be done with it.

import { post } from "./api.js";
import { $, button, copy, duration, h, tell, when } from "./dom.js";
import { measured } from "./estimate.js";
import { ACTIVE, follow } from "./follow.js";
import { pictureOf } from "./history.js";
import { files, player } from "./player.js";

const STAGES = [
  ["queued", "Waiting"],
  ["portrait", "Painting the face"],
  ["video", "Making the video"],
  ["finishing", "Putting it together"],
  ["completed", "Ready"],
];
const NEWS = {
  queued: "The video waits for its turn.",
  warming_up: "The painter is being started: this takes a little longer the first time.",
  portrait: "The face is being painted.",
  video: "The video is being made, and plays as far as it is.",
  finishing: "The last part is being put together.",
  completed: "The video is ready.",
  cancelled: "The video was cancelled.",
  deleted: "The video was deleted.",
  failed: "The video could not be made.",
};

export function videos({ history, again, forget, learnt }) {
  const [place, video, stages, bar, left, told, problem, actions] =
    ["job", "player", "stages", "progress", "left", "job-told", "job-error", "actions"].map($);
  const screen = player(video);
  let links = false; // whether this service gives any
  let run = new AbortController();
  let known = null; // the record of the video shown, as far as it has been told
  let painted = false;
  let due = null;

  const shows = () => known?.id;

  /** Show a video; `asked` is when it was asked for on this page, which plays it by itself, and
   * `picture` the face that was chosen. */
  async function show(record, { asked = null, picture = "" } = {}) {
    close();
    const { signal } = run;
    place.hidden = false;
    video.poster = picture;
    render(record);
    if (!ACTIVE.has(record.status)) return;
    screen.stream(record, { sound: asked !== null });
    try {
      for await (const { type, data } of follow(record.urls, signal)) {
        if (signal.aborted) return;
        if (type === "record") heard(data, asked);
        else if (data.progress >= known.progress) {
          // not what is replayed of the time before
          seen({ ...known, ...data, status: "in_progress" });
          moved(data);
        }
      }
    } catch (error) {
      if (!signal.aborted) lost(error);
    }
  }

  function heard(record, asked) {
    if (asked && record.status === "completed") {
      measured(record.seconds, (performance.now() - asked) / 1000);
      learnt();
    }
    render(record);
  }

  /** The video can be followed no more: deleted elsewhere, most likely. */
  function lost(error) {
    if (error.code !== "not_found") return tell(problem, error.message);
    history.drop(shows());
    close();
    tell(told, NEWS.deleted);
  }

  function seen(record) {
    known = record;
    history.update(record);
    if (!video.getAttribute("poster")) video.poster = pictureOf(record) ?? "";
  }

  function render(record) {
    seen(record);
    const { status } = record;
    moved({ stage: record.stage, progress: record.progress, waiting: record.queue_position });
    tell(problem, record.error?.message ?? "");
    $("progress-row").hidden = stages.hidden = !ACTIVE.has(status);
    if (status === "completed") screen.complete(record);
    else if (stages.hidden) screen.stop();
    actions.replaceChildren(...deeds(record));
  }

  function moved({ stage, progress, eta_seconds: eta, waiting }) {
    const name = stage === "warming_up" ? "portrait" : stage;
    painted ||= name === "portrait";
    const fresh = stages.dataset.at !== name; // nobody knows yet how long it takes
    if (fresh) steps(name);
    bar.value = progress;
    due = eta && !fresh ? performance.now() + 1000 * eta : null;
    remaining();
    const before = waiting > 1 ? ` ${waiting - 1} before it.` : "";
    const news = (NEWS[stage] ?? "") + before;
    if (told.textContent !== news) tell(told, news);
  }

  function steps(name) {
    const shown = STAGES.filter(([stage]) => stage !== "portrait" || painted);
    const at = shown.findIndex(([stage]) => stage === name);
    stages.dataset.at = name;
    stages.replaceChildren(
      ...shown.map(([, words], n) => {
        const state = n < at ? "done" : n === at ? "now" : "";
        return h("li", { className: state, "aria-current": state === "now" ? "step" : null }, words);
      }),
    );
  }

  function remaining() {
    const seconds = due === null ? 0 : (due - performance.now()) / 1000;
    tell(left, `${bar.value} %${seconds > 0.5 ? ` · about ${duration(seconds)} left` : ""}`);
  }
  setInterval(() => due !== null && remaining(), 1000);

  function deeds(record) {
    if (ACTIVE.has(record.status)) return [button("Cancel", () => cancel(record.id))];
    const remove = button("Delete", () => forget(record));
    if (record.status !== "completed") return [remove];
    return [
      ...files(record),
      links && button("Share a link", () => share(record.id)),
      button("Make another with this face", () => again(record.avatar)),
      remove,
    ].filter(Boolean);
  }

  async function cancel(id) {
    try {
      const record = await post(`/v1/videos/${id}/cancel`);
      if (id === shows()) render(record);
      else history.update(record);
    } catch (error) {
      tell(id === shows() ? problem : $("history-error"), error.message);
    }
  }

  /** Show no video. */
  function close() {
    run.abort();
    run = new AbortController();
    screen.stop();
    unshared();
    [known, painted, due] = [null, false, null];
    delete stages.dataset.at;
    place.hidden = true;
    tell(told);
    tell(problem);
  }

  video.addEventListener("error", () => {
    if (known?.status !== "completed") return; // else its file comes yet
    tell(problem, "The video can't be played now. Check the connection, then show it again.");
  });

  return {
    show, cancel, shows, close,
    offerLinks(offered) {
      links = offered;
      if (known) actions.replaceChildren(...deeds(known));
    },
  };
}

/** Asks for a link to a page that shows the video for a while; shows and copies it. */
async function share(id) {
  const field = $("shared-url");
  unshared();
  try {
    const link = await post(`/v1/videos/${id}/share`);
    field.value = link.page_url;
    $("shared").hidden = false;
    const copied = await copy(field.value);
    if (!copied) (field.focus(), field.select());
    tell($("share-told"), `${copied ? "The link is copied." : "Copy the link above."} Whoever has it can watch the video until ${when(link.expires_at)}.`);
  } catch (error) {
    tell($("share-told"), error.message);
  }
}

function unshared() {
  $("shared").hidden = true;
  tell($("share-told"));
}
