/** Where a script of Varve's works. */
export interface ScriptSurroundings {
  /** The tree that it looks at and changes. Default: that which it runs in. */
  readonly root?: string;
  /** Where its commands are. Default: where a system has them, whatever the image's own PATH says. */
  readonly path?: string;
}

/** What the scripts that Varve runs in a build begin with: who says what, and which distribution it is. */
export function shellPrelude(
  about: string,
  { root = '', path = '/usr/sbin:/usr/bin:/sbin:/bin' }: ScriptSurroundings,
): string {
  return `# ${about}
set -eu
export LC_ALL=C PATH=${quoted(path)}
root=${quoted(root)}
fail() { echo "varve: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
like=
if [ -r "$root/etc/os-release" ]; then like=" $(. "$root/etc/os-release" && echo "\${ID:-} \${ID_LIKE:-}") "; fi
case $like in
*' debian '* | *' ubuntu '*) family=debian ;;
*' rhel '* | *' centos '*) family=rhel ;;
*' fedora '*) family=fedora ;;
*) fail "no package available: of the distribution$like Varve does not know the packages" ;;
esac
`;
}

/** As one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
