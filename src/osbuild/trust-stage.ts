/** Where the context of a build is mounted. */
const MOUNTED = '/run/varve-build';
const AUTHORITIES = 'authorities.crt';
const SCRIPT = 'trust';

/** The stage that the commands of a build find the users' authorities in. */
export const TRUST_STAGE = 'varve-trust';

/** One step of the stage, and what it needs of the context. */
export interface TrustStep {
  readonly instruction: string;
  /** By their names in the folder of the context. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Has the distribution itself trust authorities for as long as a build runs (contract §4.6 item 5): in its folder of anchors, whose
 * programs make of it what each library reads. The stage is below those that are kept, and nothing of it is: the authorities rotate
 * (architecture D4).
 *
 * @param folder of the context
 */
export function trustStep(certificateAuthorities: readonly string[], folder: string): TrustStep {
  const bundle = certificateAuthorities.map((pem) => `${pem.trim()}\n`).join('');
  return {
    instruction: `RUN --mount=type=bind,source=${folder},target=${MOUNTED} sh ${MOUNTED}/${SCRIPT}`,
    files: new Map([
      [AUTHORITIES, bundle],
      [SCRIPT, TRUST],
    ]),
  };
}

/** Whether a layer is that of the stage, by the history of its image. */
export function isTrustStage(history: { readonly created_by?: string } | undefined): boolean {
  return history?.created_by?.includes(`${MOUNTED}/${SCRIPT}`) ?? false;
}

/**
 * Debian wants a file for each certificate, below what may be a link to nowhere on an image of ostree's shape; and where its program
 * is not installed (yet), the file that libraries read.
 */
const TRUST = `set -e
authorities=${MOUNTED}/${AUTHORITIES}
if command -v update-ca-trust >/dev/null 2>&1; then
  mkdir -p /etc/pki/ca-trust/source/anchors
  cp "$authorities" /etc/pki/ca-trust/source/anchors/openshift-config-user-ca-bundle.crt
  update-ca-trust
else
  anchors=$(readlink -m /usr/local/share/ca-certificates)
  mkdir -p "$anchors"
  count=0
  while IFS= read -r line; do
    case $line in *BEGIN*) count=$((count + 1)) ;; esac
    printf '%s\\n' "$line" >>"$anchors/varve-$count.crt"
  done <"$authorities"
  if command -v update-ca-certificates >/dev/null 2>&1; then
    update-ca-certificates
  else
    mkdir -p /etc/ssl/certs
    cat "$authorities" >>/etc/ssl/certs/ca-certificates.crt
  fi
fi
`;
