/** Where a text stops being JSON: the index of the first character that cannot stand there; its length where it ends early. */
export function firstFlaw(text: string): number {
  const space = /[ \t\n\r]*/y;
  const scalar =
    /"(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  const key = /"(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
  let at = 0;
  const skip = () => {
    space.lastIndex = at;
    space.test(text);
    at = space.lastIndex;
  };
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const open: string[] = [];
  /** Whether a key of an object comes next. */
  const keyed = () => {
    skip();
    if (!take(key)) return false;
    skip();
    if (text[at] !== ':') return false;
    at++;
    return true;
  };
  for (;;) {
    skip();
    const opening = text[at];
    if (opening === '[' || opening === '{') {
      at++;
      skip();
      const closing = opening === '[' ? ']' : '}';
      if (text[at] !== closing) {
        open.push(closing);
        if (opening === '{' && !keyed()) return at;
        continue;
      }
      at++;
    } else if (!take(scalar)) return at;
    for (;;) {
      skip();
      if (open.length === 0) return at;
      if (text[at] === open.at(-1)) {
        open.pop();
        at++;
        continue;
      }
      if (text[at] !== ',') return at;
      at++;
      if (open.at(-1) === '}' && !keyed()) return at;
      break;
    }
  }
}
