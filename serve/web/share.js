// A link that shows the video to who has it, for a while.

import { post } from "./api.js";
import { $, copy, tell } from "./dom.js";

/** Asks for a link and copies it. False where this service gives none. */
export async function share(id) {
  const [row, field, told] = ["shared", "shared-url", "share-told"].map($);
  row.hidden = true;
  try {
    const link = await post(`/v1/videos/${id}/share`);
    field.value = new URL(link.url, location.href).href;
    row.hidden = false;
    const until = new Date(link.expires_at * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const copied = await copy(field.value);
    if (!copied) (field.focus(), field.select());
    tell(told, `${copied ? "The link is copied." : "Copy the link above."} Who has it can see the video until ${until}.`);
  } catch (error) {
    const none = error.status === 404 || error.status === 405;
    tell(told, none ? "This service gives no links to videos: download it and send the file." : error.message);
    if (none) return false;
  }
  return true;
}

export function unshared() {
  $("shared").hidden = true;
  tell($("share-told"));
}
