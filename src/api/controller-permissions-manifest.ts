import { dump } from 'js-yaml';
import { OPERATOR_NAMESPACE } from './api-version.ts';
import { serviceAccountPermissions } from './controller-permissions.ts';

const HEADER = `# Generated from src/api/controller-permissions.ts by \`npm run generate\`. Do not edit.
# A service account for \`varve controller\` in a cluster, and what it may do. Its namespace has to be there.
`;

/** The text of deploy/controller/rbac.yaml. */
export function permissionsManifest(): string {
  const documents = serviceAccountPermissions(OPERATOR_NAMESPACE);
  return HEADER + documents.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n');
}
