// The service, called by fetch. Errors come out as ApiError, in the service's own sentences.

import { pause } from "./dom.js";

export class ApiError extends Error {
  constructor({ code, message, param = null, retryable = false, ...details }, status = 0) {
    super(message);
    Object.assign(this, { code, param, retryable, details, status });
  }
}

/** The answer to a call. Raises ApiError, and AbortError when `signal` ended it. */
export async function call(path, { method, headers, body, signal } = {}) {
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({
      code: "unreachable",
      message: "The service can't be reached: check the connection, then try again.",
      retryable: true,
    });
  }
  if (answer.status === 401) dispatchEvent(new Event("unauthorized"));
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  try {
    const { error } = await answer.json();
    if (error?.message) return new ApiError(error, answer.status);
  } catch {
    // Not ours: a proxy between the page and the service has answered.
  }
  const message = `The service answered ${answer.status}: try again in a moment.`;
  return new ApiError({ code: "unknown", message, retryable: true }, answer.status);
}

export const get = async (path, signal) => (await call(path, { signal })).json();

/** All pages of a list. */
export async function listed(path) {
  const found = [];
  for (let more = true; more; ) {
    const after = found.length ? `&after=${encodeURIComponent(found.at(-1).id)}` : "";
    const page = await get(`${path}?limit=100${after}`);
    found.push(...page.data);
    more = page.has_more;
  }
  return found;
}

export const post = async (path, fields, options) => (await call(path, posted(fields, options))).json();

export const remove = async (path) => (await call(path, { method: "DELETE" })).json();

/** Fields as JSON, or as a form where one of them is a file. */
function posted(fields = {}, { signal, key } = {}) {
  const headers = key ? { "Idempotency-Key": key } : {};
  const entries = Object.entries(fields);
  if (entries.some(([, value]) => value instanceof Blob)) {
    const body = new FormData();
    for (const [name, value] of entries) {
      if (value instanceof Blob) body.append(name, value, value.name);
      else body.append(name, String(value));
    }
    return { method: "POST", headers, body, signal };
  }
  headers["Content-Type"] = "application/json";
  return { method: "POST", headers, body: JSON.stringify(fields), signal };
}

/** POST once, even where the answer is lost on the way: the same key is answered, not done again. */
export async function postOnce(path, fields) {
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("-");
  try {
    return await post(path, fields, { key });
  } catch (error) {
    if (error.code !== "unreachable") throw error;
    await pause(1000);
    return post(path, fields, { key });
  }
}

/** Server-sent events behind number `seen`, as { id, type, data }, until the connection ends.
 *
 * A comment, by which the service keeps the connection, is { type: "silence" }. */
export async function* events(path, seen, signal) {
  const headers = seen ? { "Last-Event-ID": String(seen) } : {};
  const answer = await call(path, { headers, signal });
  if (answer.status === 204) return;
  let rest = "";
  for await (const text of chunks(answer.body.pipeThrough(new TextDecoderStream()))) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event.data) yield { ...event, data: JSON.parse(event.data) };
      else if (block[0] === ":") yield { type: "silence" };
    }
  }
}

function parsed(block) {
  const event = { id: null, type: "message", data: "" };
  for (const line of block.split("\n")) {
    const [name, value] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()];
    if (name === "id") event.id = Number(value);
    else if (name === "event") event.type = value;
    else if (name === "data") event.data += value;
  }
  return event;
}

// ReadableStream is not iterable everywhere yet.
async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error.name === "AbortError") throw error; // else cut off: the caller goes on where it was
  } finally {
    reader.cancel().catch(() => {});
  }
}
