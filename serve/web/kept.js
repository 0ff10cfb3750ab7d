// What this browser keeps: ids of videos and measured times, nothing that anyone has written.

const PREFIX = "talking-avatars.";

export function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise; // storage is blocked, or holds what is not ours
  }
}

export function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is blocked or full: nothing is remembered.
  }
}
