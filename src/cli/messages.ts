import { DataError } from '../data/data-error.js';
import { MyelinError, UnknownNameError, ValueError } from '../errors.js';
import { itemOf } from './lists.js';
import { quoted } from './terminal.js';

/** The options of readers that are flags of the command as well. */
const READING =
  /^(?:options\.)?(columns|missing|separator|decimal|encoding|thousands|names|quote|comment|skipLines|key|maxBytes|maxRows)\b/;

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Returns a text of the library with its options as they are typed. */
export function typed(text: string): string {
  return text
    .replace(/\bheader: true\b/g, '--header')
    .replace(/; if they enclose line breaks, quote: true/g, '')
    .replace(/\bquote: false\b/g, '--no-quote')
    .replace(/\bskipLines\b/g, '--skip-lines')
    .replace(/\bencoding: '([\w-]+)'/g, '--encoding $1')
    .replace(/\bseparator: '(.)'/g, (_, character) => `--separator ${quoted(character)}`)
    .replace(/\bmissing: \[((?:'[^']*'|"[^"]*")(?:, '[^']*')*)\]/g, (_, list: string) => {
      const items = list.match(/'[^']*'|"[^"]*"/g)!.map((item) => itemOf(item.slice(1, -1)));
      return `--missing ${quoted(items.join(','))}`;
    })
    .replace(/\bcolumns: \{ ([\w$]+|'[^']*'|"[^"]*"): '(\w+)' \}/g, (_, name, kind) => {
      return `--columns ${quoted(`${itemOf(name.replace(/^(['"])(.*)\1$/, '$2'))}=${kind}`)}`;
    })
    .replace(/\b(decimal|thousands|dateFormat): ('[^']*'|"[^"]*")/g, (_, name, value) => {
      return `${flagOf(name)} ${quoted(value.slice(1, -1))}`;
    })
    .replace(/\btask: '(\w+)' \(--task \w+\)/g, '--task $1')
    .replace(/\btask: '(\w+)'/g, '--task $1')
    .replace(/\bmembers: (\d+)/g, '--members $1')
    .replace(/; a kind given in columns keeps it/g, '; a kind given in --columns keeps it')
    .replace(/\b(comment|key): '([^']*)'/g, (_, name, value) => `--${name} ${quoted(value)}`);
}

/** Rewrites a hint about the spelling of values as command-line flags; '' where it has no such advice. */
function spellingAdvice(hint: string, field: string): string {
  const [advice = ''] = hint.split(' For texts say ');
  if (!/^(?:If it is a |Names of months)/.test(advice)) return '';
  return advice
    .replace(/dateFormat: ('[^']*'(?: or '[^']*')*)/, (_, formats: string) =>
      formats
        .split(' or ')
        .map((format) => `--date-format ${quoted(`${field}=${format.slice(1, -1)}`)}`)
        .join(' or '),
    )
    .replace(/(thousands|decimal): (?:'([^']*)'|"(')")/g, (_, option: string, one?: string, other?: string) => {
      return `--${option} ${quoted(one ?? other ?? '')}`;
    });
}

function adviceOf({ code, hint, field, problem }: DataError): string | undefined {
  if (hint === undefined) return undefined;
  if (code === 'value' && field !== undefined && !hint.startsWith('If the first line')) {
    const text = /^'(.*)' is not a /.exec(problem)?.[1] ?? '';
    const own = spellingAdvice(hint, field);
    if (own !== '' && !own.endsWith('DD/MM/YYYY.')) return own;
    return `${own && `${own} `}If it means a missing value, say --missing ${quoted(itemOf(text))}; if the column holds texts, --columns ${quoted(`${field}=category`)} in training.`;
  }
  const format = /^For JSON say format: '(\w+)'/.exec(hint)?.[1];
  if (format) return `For JSON say --format ${format}.`;
  if (hint.startsWith('For CSV')) return 'For CSV say --format csv.';
  if (code === 'encoding') return 'Say what it is, such as --encoding windows-1252.';
  if (code === 'header') return 'Give one of them another name in the file.';
  const limit = /the limit (max\w+)/.exec(problem)?.[1];
  if (code === 'limit' && limit && hint.includes('streamCsv'))
    return `If there is memory for it, say ${flagOf(limit)}.`;
  return typed(hint).replace('with `skip`', `with --columns ${quoted(`${field ?? 'name'}=skip`)}`);
}

/** Words an error for the command line: options as flags, and no JavaScript. */
export function messageOf(error: Error): string {
  if (error instanceof DataError) {
    const advice = adviceOf(error);
    return advice === undefined ? error.message : error.message.replace(error.hint!, () => advice);
  }
  if (error instanceof ValueError || error instanceof UnknownNameError) {
    return typed(error.message)
      .replace(READING, (_, name) => flagOf(name))
      .replace('Pass await fetch(url).', 'Download it first.');
  }
  return error.message;
}

/** The command is wrong, whatever the data are: exit code 2. */
export class UsageError extends MyelinError {
  override name = 'UsageError';
}

/** Returns the same complaint about an option. */
export function about(error: unknown, option: string): unknown {
  const { given, expected, hint } = error as ValueError;
  const complaint = { argument: option, given, expected, ...(hint !== undefined && { hint }) };
  if (error instanceof UnknownNameError) return new UnknownNameError(complaint);
  return error instanceof ValueError ? new ValueError(complaint) : error;
}

/**
 * `work`, whose errors about arguments are about options of the same names.
 * @throws UsageError that names the option as it was typed.
 */
export function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ValueError || error instanceof UnknownNameError)) throw error;
    const [name = ''] = error.argument.replace(/^options\./, '').split(/[[.]/);
    throw new UsageError((about(error, flagOf(name)) as Error).message);
  }
}
