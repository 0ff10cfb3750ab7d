// Step 3, once a video is asked for: where it stands, the picture, and what can be done with it.

import { fileUrl, get, post } from "./api.js";
import { $, button, duration, h, tell } from "./dom.js";
import { measured } from "./estimate.js";
import { ACTIVE, follow } from "./follow.js";
import { pictureOf } from "./history.js";
import { player } from "./player.js";
import { share, unshared } from "./share.js";

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
  const [place, video, stages, bar, left, told, problem, actions, veil] =
    ["job", "player", "stages", "progress", "left", "job-told", "job-error", "actions", "veil"].map($);
  const screen = player(video);
  let shared = true; // until the service says that it gives no links
  let run = new AbortController();
  let id = null;
  let known = null; // its record, as far as it has been told
  let painted = false;
  let due = null;

  /** Show a video; `asked` is when it was asked for on this page, which plays it by itself, and
   * `picture` the face that was chosen. */
  async function show(record, { asked = null, picture = null } = {}) {
    run.abort();
    run = new AbortController();
    const { signal } = run;
    id = record.id;
    painted = record.stage === "portrait" || record.stage === "warming_up";
    place.hidden = false;
    unshared();
    screen.stop();
    const [width, height] = record.size.split("x");
    video.parentElement.style.aspectRatio = height ? `${width} / ${height}` : "";
    video.poster = picture ?? "";
    render(record);
    if (!ACTIVE.has(record.status)) return;
    screen.stream(id, { sound: asked !== null });
    for await (const { type, data } of follow(id, signal)) {
      if (signal.aborted) return;
      if (type === "record") render(data);
      else if (type === "status" && !ACTIVE.has(data.status)) await over(data, asked, signal);
      else if (type === "stage" || type === "progress") {
        seen({ ...known, ...data, status: "in_progress" });
        moved(data);
      }
    }
  }

  async function over({ status }, asked, signal) {
    if (status === "deleted") return close();
    let record;
    try {
      record = await get(`/v1/videos/${id}`, signal);
    } catch (error) {
      if (!signal.aborted) tell(problem, error.message);
      return;
    }
    if (asked && record.status === "completed") {
      measured(record.seconds, (performance.now() - asked) / 1000);
      learnt();
    }
    if (!signal.aborted) render(record);
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
    $("progress-row").hidden = !ACTIVE.has(status);
    stages.hidden = status === "failed" || status === "cancelled";
    if (status === "completed") {
      screen.complete(record).catch(() => {});
      if (record.size.includes("x")) video.parentElement.style.aspectRatio = record.size.replace("x", " / ");
    }
    if (status === "failed" || status === "cancelled") screen.stop();
    actions.replaceChildren(...deeds(record));
  }

  function moved({ stage, progress, eta_seconds: eta, waiting }) {
    painted ||= stage === "portrait" || stage === "warming_up";
    const at = STAGES.findIndex(([name]) => name === (stage === "warming_up" ? "portrait" : stage));
    stages.replaceChildren(
      ...STAGES.filter(([name]) => name !== "portrait" || painted).map(([name, words]) => {
        const n = STAGES.findIndex(([other]) => other === name);
        const state = n < at || stage === "completed" ? "done" : n === at ? "now" : "";
        return h("li", { className: state, "aria-current": state === "now" ? "step" : undefined }, words);
      }),
    );
    bar.value = progress;
    due = eta ? performance.now() + 1000 * eta : null;
    remaining(progress);
    const before = waiting > 1 ? ` ${waiting - 1} before it.` : "";
    const news = (NEWS[stage] ?? "") + before;
    if (told.textContent !== news) tell(told, news);
    veil.textContent = stage === "portrait" || stage === "warming_up" || stage === "queued" ? NEWS[stage] : "";
  }

  function remaining(progress) {
    const seconds = due === null ? 0 : (due - performance.now()) / 1000;
    tell(left, `${progress} %${seconds > 0.5 ? ` · about ${duration(seconds)} left` : ""}`);
  }
  setInterval(() => due !== null && remaining(bar.value), 1000);

  function deeds(record) {
    const quiet = { className: "quiet" };
    if (ACTIVE.has(record.status)) return [button("Cancel", () => cancel(record.id))];
    const remove = button("Delete", () => forget(record), quiet);
    const more = button("Make another with this face", () => again(record.avatar), quiet);
    if (record.status !== "completed") return [remove];
    const { video: file, captions } = record.urls;
    const link = button("Share a link", async () => {
      shared = await share(record.id);
      link.hidden = !shared;
    }, { ...quiet, hidden: !shared });
    return [
      h("a", { className: "button", href: fileUrl(file), download: `${record.id}.mp4` }, "Download"),
      captions ? h("a", { className: "quiet button", href: fileUrl(captions), download: `${record.id}.vtt` }, "Captions") : null,
      link, more, remove,
    ].filter(Boolean);
  }

  async function cancel(which) {
    try {
      const record = await post(`/v1/videos/${which}/cancel`);
      history.update(record);
      if (which === id) render(record);
    } catch (error) {
      tell(which === id ? problem : $("history-error"), error.message);
    }
  }

  function close() {
    run.abort();
    screen.stop();
    id = null;
    place.hidden = true;
  }

  return { show, cancel, shows: () => id, close };
}
