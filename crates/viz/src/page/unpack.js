// Reading what `packed` of `page/mod.rs` wrote.

/** The bytes that a text in base 64 stands for. */
function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

async function unpacked(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const DATA = await unpacked(document.getElementById("data").textContent);

/** The bytes of a column as numbers. */
const column = (text, Kind) => new Kind(bytesOf(text).buffer);
