/** Describes how one network trained. */
export interface MemberRecord {
  /** The value of loss, metric or validation for each epoch, by its name. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** The epoch whose weights it has, counted from 0. */
  readonly bestEpoch: number;
}

export type History = MemberRecord['history'];
