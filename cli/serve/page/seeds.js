// Seeds: whole numbers from 0 to 4294967295.
const count = 2 ** 32;

export function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

// Seed k of several that begin at `first`, as the command counts them.
export function seedOf(first, k) {
  return (first + k) % count;
}

// The seed that a field has, or a new one where it is empty. Null, with words at the field, for anything else.
export function seedIn(field) {
  const text = field.value.trim();
  const wrong = text !== "" && !(/^[0-9]+$/.test(text) && Number(text) < count);
  field.setCustomValidity(wrong ? "A seed is a whole number from 0 to 4294967295; empty means a new one each time." : "");
  if (wrong) {
    field.closest("details")?.setAttribute("open", "");
    field.reportValidity();
    return null;
  }
  return text === "" ? newSeed() : Number(text);
}
