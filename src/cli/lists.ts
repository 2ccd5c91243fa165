/**
 * Returns the items of a list that is separated by commas. An item in double quotes may hold commas, and quotes written
 * twice, as in CSV; what comes after its closing quote belongs to it, so that `"a,b"=number` is one item.
 */
export function listOf(text: string): string[] {
  const items: string[] = [];
  let item = '';
  let quoted = false;
  let enclosed = false;
  const push = () => {
    items.push(enclosed ? item : item.trim());
    item = '';
    enclosed = false;
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quoted) {
      if (sign !== '"') item += sign;
      else if (text[at + 1] === '"') {
        item += '"';
        at++;
      } else quoted = false;
    } else if (sign === '"' && !enclosed && item.trim() === '') {
      quoted = true;
      enclosed = true;
      item = '';
    } else if (sign === ',') push();
    else if (!enclosed || sign !== ' ') item += sign;
  }
  push();
  return items;
}

/** Returns an item of such a list. */
export function itemOf(text: string): string {
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
