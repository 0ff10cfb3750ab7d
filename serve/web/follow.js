// What happens to a video: its events, replayed from the first, and its record where they fail.

import { events, get } from "./api.js";
import { pause } from "./dom.js";

/** A video of any other status is over. */
export const ACTIVE = new Set(["queued", "in_progress"]);

const SILENCE = 25_000; // the service says something every 15 s: what says nothing is held up on the way
const EVERY = 2000;

/** { type, data } of each event, and { type: "record" } with its record, the last one when it is over.
 *
 * `urls` are a record's. Raises ApiError where the video may be seen no more. */
export async function* follow(urls, signal) {
  let [seen, held] = [0, false];
  while (!signal.aborted) {
    if (!held) {
      const reading = new AbortController();
      let timer = 0;
      const heard = () => {
        clearTimeout(timer);
        timer = setTimeout(() => ((held = true), reading.abort()), SILENCE);
      };
      signal.addEventListener("abort", () => reading.abort(), { signal: reading.signal });
      heard();
      try {
        for await (const event of events(urls.events, seen, reading.signal)) {
          heard();
          seen = event.id ?? seen;
          // The record tells how it ended, and while nothing happens its place in the queue.
          if (event.type === "silence" || (event.type === "status" && !ACTIVE.has(event.data.status))) break;
          yield event;
        }
      } catch (error) {
        if (error.retryable === false) throw error;
      } finally {
        clearTimeout(timer);
        reading.abort();
      }
    }
    try {
      const record = await get(urls.self, signal);
      yield { type: "record", data: record };
      if (!ACTIVE.has(record.status)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error.retryable === false) throw error;
    }
    await pause(EVERY, signal);
  }
}
