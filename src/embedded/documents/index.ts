export { parseAccept } from './accept.ts';
export type { ApiDocument } from './api-documents.ts';
export { ApiDocuments } from './api-documents.ts';
export { builtInDefinitions, builtInName, builtInSchema, definedSchema } from './built-in-definitions.ts';
export type { Definition, Definitions, GroupVersionKind } from './definition.ts';
export { apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
export type { DocumentAnswer, DocumentRequest } from './document-answer.ts';
export { answerDiscovery, answerOpenApi, discoveryForm } from './document-answer.ts';
export type { DocumentedKind } from './documented-kind.ts';
