import type { ExtensionPackages, PackageFamily } from './extension-packages.ts';
import { quoted, type ScriptSurroundings, shellPrelude } from './extension-shell.ts';
import type { SpecialKernel } from './kernel-packages.ts';
import { kernelScript } from './kernel-script.ts';
import { debianKernel } from './kernel-packages.ts';

/** Packages that Varve puts into an image by itself, before any command of a person's. */
export interface PackageWish {
  /** Each once, by name. */
  readonly extensions: readonly (readonly [string, ExtensionPackages])[];
  /** Absent: the base's own stays. */
  readonly kernel: SpecialKernel | undefined;
  /** As GOARCH names it. */
  readonly architecture: string;
}

export interface PackageScriptOptions extends ScriptSurroundings {
  /** Where the build has the content of the extensions image. Absent: there is none, and the image's own repositories have all. */
  readonly content?: string;
}

/** What is asked for, for people. */
export function describePackages({ extensions, kernel }: PackageWish): string {
  const names = extensions.map(([name]) => name).join(', ');
  const parts = [
    ...(names === '' ? [] : [`extensions ${names}`]),
    ...(kernel === undefined ? [] : [`kernelType ${kernel}`]),
  ];
  return parts.join(' and ');
}

/**
 * A script that installs extensions and another kernel (contract §4.6): from the image of the extensions where there is one, which
 * is then a repository like any other; with rpm-ostree where the base has it, else with dnf or apt-get. What the packages expect on
 * the machine in /var, and the accounts that they made, are declared to systemd, since a machine gets neither from an image
 * (host-contract §5.3). What was downloaded does not stay.
 */
export function packageScript(wish: PackageWish, options: PackageScriptOptions = {}): string {
  const { extensions, kernel } = wish;
  const { content = '' } = options;
  return [
    shellPrelude(`By Varve: ${describePackages(wish)}`, options),
    `content=${quoted(content)}\n`,
    packageLists(wish),
    BEGIN,
    MANAGERS,
    ...(extensions.length === 0 ? [] : ['install_extensions\n']),
    ...(kernel === undefined ? [] : [kernelScript(kernel, wish.architecture)]),
    extensions.some(([name]) => name === 'usbguard' || name === 'ipsec') ? USBGUARD_IPSEC : '',
    END,
  ].join('');
}

const FAMILIES: readonly PackageFamily[] = ['debian', 'fedora', 'rhel'];

/** What each distribution has to install: `packages`; what it may have: `maybe`; and `without`, the extensions that it has not. */
export function packageLists({ extensions, architecture }: PackageWish): string {
  const lines = FAMILIES.map((family) => {
    const of = extensions.map(([name, sets]) => ({ name, packages: sets[family] ?? [] }));
    const without = of.filter(({ packages }) => packages.length === 0).map(({ name }) => name);
    const all = [...new Set(of.flatMap(({ packages }) => packages))].map((one) =>
      one.replace('KERNEL', debianKernel(architecture)),
    );
    const certain = all.filter((one) => !one.endsWith('?'));
    const maybe = all.filter((one) => one.endsWith('?')).map((one) => one.slice(0, -1));
    return `${family}) packages=${quoted(certain.join(' '))} maybe=${quoted(maybe.join(' '))} without=${quoted(without.join(', '))} ;;`;
  });
  return `case $family in\n${lines.join('\n')}\nesac\n`;
}

/** Directories of /var that are the package managers' own, or nobody's for long. */
const PASSING =
  'cache|tmp|lib/apt|lib/dpkg|lib/rpm|lib/rpm-state|lib/dnf|lib/libdnf5|lib/yum|lib/ucf|lib/systemd|lib/alternatives|log/apt';

const BEGIN = `[ -z "$without" ] || fail "no package available for the extensions $without on this distribution ($like)"
work=$(mktemp -d)
state() {
  find "$root/var" -xdev -type d -printf '%m %u %g /var/%P\\n' | grep -vE '^[0-9]+ [^ ]+ [^ ]+ /var/(${PASSING})(/|$)' | sort
}
state >"$work/state"
for file in passwd group; do
  if [ -e "$root/etc/$file" ]; then cp "$root/etc/$file" "$work/$file"; else : >"$work/$file"; fi
done
case $family in
debian)
  have apt-get || fail 'no package available: the base image has no apt-get'
  manager=apt-get
  ;;
*)
  if have rpm-ostree; then manager=rpm-ostree; elif have dnf; then manager=dnf; else fail 'no package available: the base image has neither rpm-ostree nor dnf'; fi
  ;;
esac
`;

const MANAGERS = `apt() { DEBIAN_FRONTEND=noninteractive INITRD=No apt-get -qy -o APT::Get::Purge=true --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold $sources "$@"; }
dnf_with() { dnf -y $keep $sources "$@"; }
is_mounted() { [ -r "$root/proc/self/mounts" ] && grep -q " $1 " "$root/proc/self/mounts"; }
repository=
sources=
keep=
# What is downloaded there is for later builds, and dnf would remove it.
if is_mounted /var/cache/dnf || is_mounted /var/cache/libdnf5; then keep=--setopt=keepcache=True; fi
if [ "$manager" = apt-get ]; then
  mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/var/log/apt"
  strict=APT::Update::Error-Mode=any
  if [ -n "$content" ]; then
    there=$content/usr/share/varve/extensions
    ls "$there"/Packages* >/dev/null 2>&1 || fail 'no package available: the extensions image has no Packages in /usr/share/varve/extensions'
    if [ -e "$root/etc/apt/sources.list" ]; then cat "$root/etc/apt/sources.list"; fi >"$work/sources.list"
    echo "deb [trusted=yes] file:$there ./" >>"$work/sources.list"
    chmod 0755 "$work"
    sources="-o Dir::Etc::sourcelist=$work/sources.list"
    # What the image has is there without a network; what else the base knows may be out of reach.
    strict=APT::Update::Error-Mode=persistent
  fi
  apt -o "$strict" update
elif [ -n "$content" ]; then
  there=$content/usr/share/rpm-ostree/extensions
  [ -d "$there/repodata" ] || fail 'no package available: the extensions image has no repodata in /usr/share/rpm-ostree/extensions'
  mkdir -p "$root/etc/yum.repos.d"
  repository=$root/etc/yum.repos.d/coreos-extensions.repo
  if { printf '[coreos-extensions]\\nname=coreos-extensions\\nenabled=1\\nmetadata_expire=1m\\nbaseurl=file://%s/\\ngpgcheck=0\\nskip_if_unavailable=False\\n' "$there" >"$repository"; } 2>/dev/null; then :
  elif have dnf; then
    # The folder is one that the build is only lent.
    manager=dnf repository=
    sources="--repofrompath=coreos-extensions,file://$there/ --setopt=coreos-extensions.gpgcheck=0"
  else fail 'cannot write /etc/yum.repos.d/coreos-extensions.repo, where rpm-ostree would find the extensions image'; fi
fi
install_extensions() {
  for one in $maybe; do
    if [ -n "$content" ] && [ -n "$(find "$content/usr/share" -name "$one-[0-9]*.rpm" -o -name "\${one}_*.deb")" ]; then packages="$packages $one"; fi
  done
  if [ -z "$packages" ]; then echo "varve: nothing to install: the extensions image has none of $maybe"; return; fi
  echo "varve: $manager installs $packages"
  case $manager in
  apt-get) apt install $packages ;;
  rpm-ostree) rpm-ostree install $packages ;;
  dnf) dnf_with --setopt=install_weak_deps=False install $packages ;;
  esac
}
`;

/** Contract §4.6 item 4. */
const USBGUARD_IPSEC = `if [ "$family" != debian ]; then
  rm -f "$root/usr/lib/tmpfiles.d/usbguard.conf"
  mkdir -p "$root/usr/lib/tmpfiles.d"
  printf 'd %s root root -\\n' '/var/log/usbguard 0755' '/var/lib/ipsec 0700' '/var/lib/ipsec/nss 0700' >"$root/usr/lib/tmpfiles.d/usbguard_ipsec.conf"
fi
`;

const END = `if [ -n "$repository" ]; then rm -f "$repository"; fi
state | comm -13 "$work/state" - | while read -r mode user group path; do
  case $path in *[!A-Za-z0-9/._@:+-]*) continue ;; esac
  echo "d $path 0$mode $user $group -"
done >"$work/tmpfiles"
old() { sed -n "s/^$2:[^:]*:[^:]*://p" "$work/$1"; }
is_old() { grep -q "^$2:" "$work/$1"; }
if [ -e "$root/etc/group" ]; then
  while IFS=: read -r name _ gid members; do
    is_old group "$name" || echo "g $name $gid"
    for member in $(echo "$members" | tr , ' '); do
      case ,$(old group "$name"), in *",$member,"*) ;; *) echo "m $member $name" ;; esac
    done
  done <"$root/etc/group" >"$work/sysusers"
fi
if [ -e "$root/etc/passwd" ]; then
  while IFS=: read -r name _ uid gid comment home shell; do
    is_old passwd "$name" || echo "u $name $uid:$gid \\"$(echo "$comment" | tr -d '"%\\\\')\\" \${home:--} \${shell:--}"
  done <"$root/etc/passwd" >>"$work/sysusers"
fi
for kind in tmpfiles sysusers; do
  if [ -s "$work/$kind" ]; then
    mkdir -p "$root/usr/lib/$kind.d"
    cp "$work/$kind" "$root/usr/lib/$kind.d/varve-extensions.conf"
  fi
done
case $manager in
apt-get)
  # Later builds find there what this one has downloaded.
  if ! is_mounted /var/cache/apt/archives; then
    apt-get clean
    rm -f "$root/var/cache/apt/archives/lock"
  fi
  find "$root/var/lib/apt/lists" -type f -delete
  rm -rf "$root"/var/log/apt/* "$root/var/log/dpkg.log" "$root/var/log/alternatives.log" "$root"/var/cache/debconf/*-old "$root/var/cache/ldconfig/aux-cache" "$root"/var/cache/apt/*.bin
  ;;
*)
  if have dnf && ! is_mounted /var/cache/dnf && ! is_mounted /var/cache/libdnf5; then dnf -y clean all; fi
  if have rpm-ostree; then rpm-ostree cleanup -m; fi
  rm -rf "$root"/var/log/dnf* "$root/var/log/hawkey.log" "$root/var/cache/ldconfig/aux-cache"
  ;;
esac
rm -rf "$work"
if [ "$manager" = rpm-ostree ] && have ostree; then ostree container commit; fi
`;
