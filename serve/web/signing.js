// Signing in where the service wants an access key. The browser keeps it where no script can read it.

import { call, get, post } from "./api.js";
import { $, button, h, tell } from "./dom.js";

/** Asks for a key, until there is one that lets in; then the page begins anew. */
export function signIn() {
  if ($("sign-in")) return;
  const error = h("p", { className: "error", role: "alert" });
  const key = h("input", {
    id: "key", type: "password", required: true, autocomplete: "current-password", spellcheck: false,
  });
  const form = h(
    "form", {},
    h("h2", { id: "sign-in-title" }, "Sign in"),
    h("label", { htmlFor: "key" }, "Your access key"),
    key,
    h("p", { className: "hint" }, "Whoever runs this service gives it to you. It begins with avk_."),
    error,
    h("button", { className: "main" }, "Sign in"),
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    tell(error);
    try {
      await post("/v1/session", { key: key.value });
      location.reload();
    } catch (refused) {
      tell(error, refused.message);
      key.select();
    }
  };
  const dialog = h("dialog", { id: "sign-in", "aria-labelledby": "sign-in-title" }, form);
  dialog.oncancel = (event) => event.preventDefault(); // there is nothing behind it
  document.body.append(dialog);
  dialog.showModal();
}

/** Tells whose key the browser has, with a way out; commands of curl bring one, too, from here on. */
export async function showSession() {
  const { name } = await get("/v1/session");
  document.documentElement.dataset.access = "keys";
  const leave = async () => {
    await call("/v1/session", { method: "DELETE" });
    location.reload();
  };
  $("about-told").append(` Signed in by the key “${name}”. `, button("Sign out", leave));
}
