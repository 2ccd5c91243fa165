/** A file that is open. */
export interface FileHandle {
  /** Writes some of the bytes, without waiting for the disk; returns how many. */
  write(bytes: Uint8Array, position: number): number;
  /** Reads some bytes, none at the end; resolves to how many. */
  read(into: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  /** Resolves once everything written is on the disk. */
  sync(): Promise<void>;
  /** Gives the file to the owner and the permissions of another, as far as the system allows. */
  setAccess(access: Access): Promise<void>;
  close(): Promise<void>;
}

/** Who may do what with a file. */
export interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The end of a path, all symbolic links followed. */
export interface Place {
  /** Absolute and without links. */
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  /** The kind of thing that is there. A descriptor is an open stream of this process, such as /dev/stdout. */
  readonly holds: 'nothing' | 'file' | 'folder' | 'device' | 'pipe' | 'socket' | 'descriptor';
  /** The owner and the permissions of a file. */
  readonly access?: Access;
  /** Says whether this process may write to what is there. */
  readonly writable: boolean;
  readonly descriptor?: number;
}

/**
 * The operations that saving and loading ask of a file system. All but `exists` reject with errors that have a `code`,
 * as Node's.
 */
export interface Files {
  /** `create` refuses to open what is there already; `private` is the same for the owner's eyes only. */
  open(path: string, purpose: 'read' | 'create' | 'private'): Promise<FileHandle>;
  /** Gives a file a second name. */
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
    /** The time at which it started, in milliseconds since 1970. */
    readonly started: number;
    readonly host: string;
    alive(id: number): boolean;
  };
  /** Follows symbolic links, also to what is not there yet. Rejects where the folder is missing, and for links in a circle. */
  place(path: string | URL): Promise<Place>;
  /** Splits an absolute path into folder and name. */
  split(path: string | URL): { readonly folder: string; readonly name: string; readonly path: string };
}
