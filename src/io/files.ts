/** A file that is open. */
export interface FileHandle {
  /** Writes some of the bytes, without waiting for the disk; returns how many. */
  write(bytes: Uint8Array, position: number): number;
  /** Reads some bytes, none at the end; resolves to how many. */
  read(into: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  /** Resolves once everything written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What saving and loading ask of a file system. All but `exists` reject with errors that have a `code`, as Node's. */
export interface Files {
  /** `create` refuses to open what is there already. */
  open(path: string, purpose: 'read' | 'create'): Promise<FileHandle>;
  /** A second name for a file. */
  link(path: string, as: string): Promise<void>;
  copy(path: string, to: string): Promise<void>;
  /** Takes the place of what is there, at once. */
  rename(path: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
  /** Resolves once names given and taken away in a folder are on the disk. */
  syncFolder(folder: string): Promise<void>;
  /** Milliseconds since 1970. */
  modified(path: string): Promise<number>;
  readonly process: {
    readonly id: number;
    /** When it started, in milliseconds since 1970. */
    readonly started: number;
    readonly host: string;
    alive(id: number): boolean;
  };
  /** An absolute path as folder and name. */
  split(path: string | URL): { readonly folder: string; readonly name: string; readonly path: string };
}
