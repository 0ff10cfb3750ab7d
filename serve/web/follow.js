// What happens to a video: its events, replayed from the first, and its record where they fail.

import { events, get } from "./api.js";
import { pause } from "./dom.js";

/** A video of any other status is over. */
export const ACTIVE = new Set(["queued", "in_progress"]);

const SILENCE = 25_000; // the service says something every 15 s: what says nothing is held up on the way
const EVERY = 2000;

/** { type, data } of each event, and { type: "record" } with the record, until the video is over. */
export async function* follow(id, signal) {
  const path = `/v1/videos/${id}`;
  let seen = 0;
  let held = false;
  while (!signal.aborted) {
    if (!held) {
      const watch = watchdog(signal);
      try {
        for await (const event of events(`${path}/events`, seen, watch.signal)) {
          watch.heard();
          seen = event.id ?? seen;
          if (event.type !== "silence") yield event;
          if (event.type === "status" && !ACTIVE.has(event.data.status)) return;
        }
      } catch (error) {
        if (error.status === 404) return yield { type: "status", data: { status: "deleted" } };
        held = watch.silent();
      } finally {
        watch.end();
      }
    }
    if (signal.aborted) return;
    try {
      const record = await get(path, signal);
      yield { type: "record", data: record };
      if (!ACTIVE.has(record.status)) return;
    } catch (error) {
      if (error.status === 404) return yield { type: "status", data: { status: "deleted" } };
    }
    await pause(EVERY, signal);
  }
}

function watchdog(signal) {
  const inner = new AbortController();
  const stop = () => inner.abort();
  let silent = false;
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ((silent = true), stop()), SILENCE);
  };
  signal.addEventListener("abort", stop, { once: true });
  heard();
  return {
    signal: inner.signal,
    heard,
    silent: () => silent,
    end: () => (clearTimeout(timer), signal.removeEventListener("abort", stop), stop()),
  };
}
