// The network as a model file that `nn.load` reads: JSON in ASCII with the checksum that docs/model_files.md describes.

/** JSON as Python writes it: everything beyond ASCII is escaped. */
function asciiJson(item, indent = 0) {
  return JSON.stringify(item, null, indent).replace(/[\u0080-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** JSON without spaces, keys in order, each float as # and the digits of its 64 bits: what the checksum is of. */
function canonicalJson(item) {
  if (Array.isArray(item)) {
    return `[${item.map(canonicalJson).join(",")}]`;
  }
  if (item !== null && typeof item === "object") {
    const members = Object.keys(item).sort().map((key) => `${asciiJson(key)}:${canonicalJson(item[key])}`);
    return `{${members.join(",")}}`;
  }
  const text = asciiJson(item);
  if (typeof item !== "number" || /^-?\d+$/.test(text)) {
    return text;
  }
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, item);
  return `#${bits.getBigUint64(0).toString(16).padStart(16, "0")}`;
}

/** The text of the model file with the present parameters; a promise, since the checksum is the browser's work. */
async function modelFileText(player) {
  const { doc } = player;
  const parameters = doc.parameters.map((node, i) => [doc.nodes[node].path, player.parameters[i]]);
  const content = { ...doc.model, parameters: Object.fromEntries(parameters) };
  const bytes = new TextEncoder().encode(canonicalJson(content));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${asciiJson({ ...content, sha256 }, 1)}\n`;
}
