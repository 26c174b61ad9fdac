/** One member of a layer to be written. Owners are numeric: names mean nothing to the host (host-contract §5.2). */
export interface TarEntry {
  /** Relative, with `/` between the components and none at either end: `etc/chrony.conf`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Contents of a file; absent means empty. Other types have none. */
  readonly contents?: Uint8Array;
  /** Of a symlink: its text, as it stands. Of a hard link: the path of another entry of the same layer. */
  readonly target?: string;
  /** Extended attributes by full name (`security.capability`); values are bytes, not text. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}
