// How long a text will take to say, and how long a video took to make in this browser.

import { duration } from "./dom.js";
import { read, write } from "./kept.js";

const CHARACTERS_A_SECOND = 15;
/** A character of these scripts is a syllable or more. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const DENSE_WEIGHT = 3;
const REMEMBERED = 6;

/** What is said of a text: not the marks of SSML, nor one that was cut off. */
export const said = (text) => (text.trim().startsWith("<speak") ? text.replace(/<[^>]*>?/g, "") : text).trim();

/** Seconds that a text takes to say at a speed. */
export function spokenSeconds(text, speed) {
  const words = said(text).replace(/\s+/g, " ");
  const dense = (words.match(DENSE) ?? []).length;
  return (words.length + (DENSE_WEIGHT - 1) * dense) / CHARACTERS_A_SECOND / speed;
}

/** Remember that a video of so many seconds took so long. */
export function measured(seconds, took) {
  write("measured", [{ seconds, took }, ...read("measured", [])].slice(0, REMEMBERED));
}

/** Seconds that making is likely to take; null before anything was measured. */
function making(seconds) {
  const rates = read("measured", []).map((past) => past.took / Math.max(past.seconds, 1));
  if (!rates.length) return null;
  rates.sort((a, b) => a - b);
  return rates[Math.floor(rates.length / 2)] * Math.max(seconds, 1);
}

/** "about 12 s long, ready in about 4 s" */
export function estimate(seconds) {
  if (!seconds) return "";
  const took = making(seconds);
  const cost = took === null ? "" : `, ready in about ${duration(took)}`;
  return `about ${duration(seconds)} long${cost}`;
}
