// The command that does the same as the page.

const quoted = (words) => `'${words.replaceAll("'", `'\\''`)}'`;

/** A POST of these fields as a command of curl; files are named as they were picked. */
export function curlOf(path, fields) {
  const key = document.documentElement.dataset.access ? ` -H "Authorization: Bearer $AVATAR_ACCESS_KEY"` : "";
  const start = `curl -s ${location.origin}${path}${key}`;
  const entries = Object.entries(fields);
  if (!entries.some(([, value]) => value instanceof Blob)) {
    return `${start} -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(fields))}`;
  }
  return [start, ...entries.map(part)].join(" \\\n  ");
}

function part([name, value]) {
  // A name in quotes may hold what else ends it: commas and semicolons.
  if (value instanceof Blob) {
    return `-F ${quoted(`${name}=@"${value.name.replace(/["\\]/g, "\\$&")}"`)}`;
  }
  return `--form-string ${quoted(`${name}=${value}`)}`; // -F would read a file where it begins with @
}
