import { DataError } from '../data/errors.js';
import { UnknownNameError, ValueError } from '../errors.js';
import { quoted } from './terminal.js';

/** What of readers' options is an option here too. */
const READING = /^(?:options\.)?(columns|missing|separator|decimal|encoding)\b/;

function adviceOf({ code, hint, field, problem }: DataError): string | undefined {
  if (hint === undefined) return undefined;
  if (code === 'value' && field !== undefined) {
    const text = /^'(.*)' is not a /.exec(problem)?.[1] ?? '';
    return `If it means a missing value, say --missing ${quoted(text)}; if the column holds texts, --columns ${quoted(`${field}=category`)} in training.`;
  }
  if (code === 'encoding') return 'Say what it is, such as --encoding windows-1252.';
  if (code === 'header') return 'Give one of them another name in the file.';
  return hint.replace('with `skip`', `with --columns ${quoted(`${field ?? 'name'}=skip`)}`);
}

/** What an error says to whoever typed a command: options as they are typed, no JavaScript. */
export function messageOf(error: Error): string {
  if (error instanceof DataError) {
    const advice = adviceOf(error);
    return advice === undefined ? error.message : error.message.replace(error.hint!, () => advice);
  }
  if (error instanceof ValueError || error instanceof UnknownNameError) {
    return error.message
      .replace(READING, (_, name) => `--${name}`)
      .replace('Pass await fetch(url).', 'Download it first.');
  }
  return error.message;
}
