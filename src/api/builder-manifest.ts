import { dump } from 'js-yaml';
import { OPERATOR_NAMESPACE } from './api-version.ts';
import { builderPermissions } from './builder-permissions.ts';

const HEADER = `# Generated from src/api/builder-permissions.ts by \`npm run generate\`. Do not edit.
# The service account of the Jobs that make container builds, and what it may do. Kubernetes 1.30 or newer.
`;

/** The text of deploy/builder/rbac.yaml. */
export function builderManifest(): string {
  const documents = builderPermissions(OPERATOR_NAMESPACE);
  return HEADER + documents.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n');
}
