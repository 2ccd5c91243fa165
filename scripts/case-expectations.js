// Lists what `cases.js` expects of cases that only print, and the arguments that cases take. `fault` describes what is wrong
// with the output.

/** Pairs of numbers that `pattern` finds, line by line. */
function pairs(output, pattern) {
  return [...output.matchAll(pattern)].map(([, a, b]) => [Number(a), Number(b)]);
}

/**
 * Sizes and times: so many lines, and from the first to the last the time grows no faster than the size to the power of 1.5,
 * apart from what takes less than `least` anyway.
 */
function linear(pattern, lines, least) {
  return (output) => {
    const found = pairs(output, pattern);
    if (found.length !== lines) return `${found.length} of ${lines} lines`;
    const [[size, time], [largest, longest]] = [found[0], found.at(-1)];
    const most = Math.max(least, Math.max(time, least / 10) * (largest / size) ** 1.5);
    return longest > most ? `${largest} takes ${longest} where ${size} takes ${time}` : undefined;
  };
}

/** The output has a line of each. */
function has(...lines) {
  return (output) => {
    const all = output.split('\n');
    const missing = lines.filter((line) => !all.includes(line));
    return missing.length > 0 ? `without the line ${missing[0]}` : undefined;
  };
}

export const expectations = {
  '004b-keep.sh': {
    fault(output) {
      const rows = [
        '9007199254740993,2024-02-01,yes,',
        '9007199254740996,2024-02-02,No,',
        '9007199254740997,2024-02-02,No,',
      ];
      const missing = rows.find((row) => !output.includes(`\n${row}`));
      return missing && `without the cells ${missing}`;
    },
  },
  // An error that names the rows without a time is as correct as an order.
  '013-times-that-are-missing.mjs': {
    fault(output) {
      if (/^ValueError: times: .*without a time/m.test(output)) return undefined;
      return (
        /^FAULT\b.*/m.exec(output)?.[0] ?? (/^ok /m.test(output) ? undefined : 'neither checks nor an error of times')
      );
    },
  },
  '025-many-columns-quadratic.mjs': { fault: linear(/^(\d+) columns ([\d.]+) s$/gm, 3, 1) },
  '026-explain-of-wide-tables.mjs': {
    fault(output) {
      const found = pairs(output, /fit ([\d.]+) s, explain ([\d.]+) s$/gm);
      if (found.length !== 3) return `${found.length} of 3 lines`;
      const slow = found.find(([fit, explain]) => explain > fit);
      return slow && `explain takes ${slow[1]} s, fit ${slow[0]} s`;
    },
  },
  'header-limit-classes.mjs': {
    fault: (output) => (/^saved$/m.test(output) && !/^loaded$/m.test(output) ? 'saved, but not loaded' : undefined),
  },
  // A resumed run reads the backup, and removes it when it is done.
  'header-limit-earlystopping.mjs': {
    fault(output) {
      const others = /^load(?: previous)?: (?!FileError .*ENOENT).*/m.exec(output);
      return has('resumed')(output) ?? others?.[0];
    },
  },
  'json-keys-bomb.mjs': {
    args: ['20000'],
    fault(output) {
      const [found] = pairs(output, /([\d.]+) s cpu (\d+) MB$/gm);
      if (!found) return 'without its last line';
      return found[0] > 10 || found[1] > 1000 ? `${found[0]} s and ${found[1]} MB` : undefined;
    },
  },
  'json-redos.mjs': { fault: linear(/^(\d+) \w+ ([\d.]+) ms$/gm, 6, 50) },
  'late-text-quadratic.mjs': { fault: linear(/^(\d+) rows \d+ bytes (\d+) ms/gm, 4, 200) },
  'restore-during-fit.mjs': {
    fault(output) {
      const [, file] = /^file (\S+)/m.exec(output) ?? [];
      const [, after] = /^after (\S+)$/m.exec(output) ?? [];
      if (file === undefined || after === undefined) return 'without its lines';
      return file === after ? 'the weights are those of the file' : undefined;
    },
  },
  'spaces-redos.mjs': { fault: linear(/^(\d+) spaces (\d+) ms$/gm, 4, 200) },
  'tabular-float32-target.mjs': {
    fault(output) {
      const found = pairs(output, /r2 (\S+) .* 200: (\d+)/gm);
      if (found.length !== 3) return `${found.length} of 3 lines`;
      const bad = found.find(([r2, distinct]) => !(r2 > 0.9) || distinct < 190);
      return bad && `r2 ${bad[0]}, ${bad[1]} distinct predictions of 200`;
    },
  },
};
