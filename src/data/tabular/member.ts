/** How one network trained. */
export interface MemberRecord {
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** The epoch whose weights it has, counted from 0. */
  readonly bestEpoch: number;
}

export type History = MemberRecord['history'];
